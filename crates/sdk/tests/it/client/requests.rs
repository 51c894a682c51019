//! What is sent, and what is no call.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bennu_sdk::{agent_span, using_session};
use http_body::{Body as _, Frame};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;

use super::{bodies::*, *};

#[test]
fn what_is_no_call_passes_unseen() {
    let large = json!({"model": "m", "messages": [{"role": "user", "content": "x".repeat(33 << 20)}]});
    let collector = traced_async(
        |builder| builder,
        || async {
            for (url, body) in [
                ("http://h/v1/chat/completions", json!({"prompt": "x"})),
                ("http://h/v1/chat/completions", json!(["messages"])),
                ("http://h/v1/chat/completions", json!({"messages": "x"})),
                ("http://h/v1/messages", json!({"messages": [{"role": "user"}]})),
                ("http://h/v1/threads/t/messages", json!({"role": "user", "content": "x"})),
                ("http://h/v1/responses", json!({"answers": [1]})),
                ("http://h/v1/embeddings", json!({"texts": ["x"]})),
                ("http://h/v1/models", chat_request()),
                ("http://h/v1/chat/completions", large),
            ] {
                let wire = Wire::to(Answer::json(&chat_answer()));
                let got = wire.exchange(url, &body).await.unwrap();
                assert_eq!(got, chat_answer().to_string());
                assert_eq!(wire.seen().body, body.to_string());
            }
            let wire = Wire::to(Answer::json(&chat_answer()));
            for request in [
                Request::get(OPENAI).body(Body::empty()),
                Request::put(OPENAI).body(Body::from(chat_request().to_string())),
                Request::post(OPENAI).header("content-type", "text/plain").body(Body::from("{")),
                Request::post(OPENAI).body(Body::from(r#"{"messages": ["#)),
                Request::post(OPENAI).body(Body::from(&b"\xff\xfe"[..])),
                Request::post(OPENAI).body(Body::empty()),
            ] {
                assert_eq!(wire.send(request.unwrap()).await.status(), OK);
            }
        },
    );
    assert_eq!(collector.spans().len(), 0);
}

#[test]
fn the_server_gets_what_the_client_sent() {
    let sent = format!(" {}\n", chat_request());
    let collector = traced_async(
        |builder| builder,
        || async {
            let wire = Wire::to(Answer::json(&chat_answer()).header("x-request-id", "r1").cut(5));
            for in_pieces in [false, true] {
                let body = match in_pieces {
                    false => Body::from(sent.clone()),
                    true => {
                        let pieces: Vec<_> = sent.as_bytes().chunks(9).map(Bytes::copy_from_slice).collect();
                        Body::from_stream(stream::iter(pieces).map(Ok::<_, Infallible>))
                    }
                };
                let request = Request::post(OPENAI).header("authorization", "Bearer s3cret").body(body);
                let response = wire.send(request.unwrap()).await;
                assert_eq!(response.headers()["x-request-id"], "r1");
                drop(to_bytes(response.into_body(), usize::MAX).await.unwrap());
                let seen = wire.seen();
                assert_eq!(seen.body, sent);
                // With a length if it had one, and without if it had none.
                assert_eq!(seen.body_size, (!in_pieces).then_some(sent.len() as u64));
                assert_eq!(seen.headers.len(), 1, "{:?}", seen.headers);
            }
        },
    );
    assert_eq!(collector.spans().len(), 2);
    assert!(!format!("{:?}", collector.spans()).contains("s3cret"));
}

#[test]
fn a_request_whose_body_fails_fails_as_it_would_have() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let echo = service_fn(|request: Request<SentBody<Body>>| async move {
                let read = to_bytes(Body::new(request.into_body()), usize::MAX).await;
                Ok::<_, Infallible>(Response::new(Body::from(read.unwrap_err().to_string())))
            });
            let pieces = [Ok(Bytes::from("{")), Err(io::Error::other("no more"))];
            let request = Request::post(OPENAI).body(Body::from_stream(stream::iter(pieces))).unwrap();
            let response = LlmService::new(echo).oneshot(request).await.unwrap();
            let said = to_bytes(Body::new(response.into_body()), 100).await.unwrap();
            assert_eq!(said, "no more");
        },
    );
    assert_eq!(collector.spans().len(), 0);
}

/// A body of these frames, whose end its reader can foresee.
#[derive(Default)]
struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

#[test]
fn trailers_are_handed_on() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let frames = || {
                let trailers = HeaderMap::from_iter([("x-cost".parse().unwrap(), "3".parse().unwrap())]);
                let data = Frame::data(Bytes::from(chat_request().to_string()));
                Frames(VecDeque::from([data, Frame::trailers(trailers)]))
            };
            let server = service_fn(|mut request: Request<SentBody<Frames>>| async move {
                let mut frames = Frames::default();
                while let Some(frame) = next(request.body_mut()).await {
                    frames.0.push_back(frame.unwrap());
                }
                Ok::<_, Infallible>(Response::new(frames))
            });
            let request = Request::post(OPENAI).body(frames()).unwrap();
            let response = LlmService::new(server).oneshot(request).await.unwrap();
            let mut body = response.into_body();
            assert!(next(&mut body).await.unwrap().unwrap().is_data() && !body.is_end_stream());
            let trailers = next(&mut body).await.unwrap().unwrap().into_trailers().unwrap();
            assert!(trailers["x-cost"] == "3" && body.is_end_stream());
        },
    );
    // What came back was the request.
    assert_eq!(collector.span("llm.chat").get("bennu.response.unread"), "no answer of this API");
}

async fn next<B: http_body::Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    poll_fn(|task| Pin::new(&mut *body).poll_frame(task)).await
}

#[test]
fn sizes_are_handed_on() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let server = service_fn(|_: Request<SentBody<Body>>| async {
                Ok::<_, Infallible>(Response::new(Body::from(chat_answer().to_string())))
            });
            let response = LlmService::new(server).oneshot(post(OPENAI, &chat_request())).await.unwrap();
            let size = chat_answer().to_string().len() as u64;
            assert_eq!(response.body().size_hint().exact(), Some(size));
            // One frame, after which a client that is told that it was the last does not ask again.
            let mut body = response.into_body();
            assert!(next(&mut body).await.unwrap().unwrap().is_data() && body.is_end_stream());
        },
    );
    assert_eq!(collector.span("llm.chat").get("llm.finish_reason"), "tool_calls");
}

#[test]
fn the_call_belongs_to_the_span_it_is_made_in_and_tells_the_server_only_if_asked() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let agent = agent_span("goal");
            let quiet = Wire::to(Answer::json(&chat_answer()));
            let told =
                Wire { layer: LlmLayer::new().propagate(true), ..Wire::to(Answer::json(&chat_answer())) };
            agent
                .run(using_session("s1").run(async {
                    quiet.exchange(OPENAI, &chat_request()).await.unwrap();
                    told.exchange(OPENAI, &chat_request()).await.unwrap();
                }))
                .await;
            assert!(!quiet.seen().headers.contains_key("traceparent"));
            let parent = told.seen().headers["traceparent"].to_str().unwrap().to_owned();
            assert!(parent.contains(&agent.trace_id()) && !parent.contains(&agent.span_id()));
        },
    );
    let agent = collector.span("agent.run");
    let calls: Vec<_> = collector.spans().into_iter().filter(|span| span.name == "llm.chat").collect();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!((call.parent_id.as_str(), call.get("session.id")), (agent.span_id.as_str(), "s1"));
    }
}

#[test]
fn a_trace_that_is_not_sampled_is_not_heard() {
    let collector = traced_async(
        |builder| builder.sample_ratio(0.0),
        || async {
            let wire =
                Wire { layer: LlmLayer::new().propagate(true), ..Wire::to(Answer::events(chat_events())) };
            assert_eq!(wire.exchange(OPENAI, &chat_request()).await.unwrap(), chat_events());
            assert!(wire.seen().headers["traceparent"].to_str().unwrap().ends_with("-00"));
        },
    );
    assert_eq!(collector.spans().len(), 0);
}

/// JSON of any shape, of the words that requests and answers are made of.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("type"),
        Just("role"),
        Just("content"),
        Just("messages"),
        Just("model"),
        Just("input"),
        Just("output"),
        Just("choices"),
        Just("delta"),
        Just("index"),
        Just("usage"),
        Just("error"),
        Just("message"),
        Just("item"),
        Just("output_index"),
        Just("tool_use"),
        Just("message_start"),
        Just("content_block_start"),
        Just("content_block_delta"),
        Just("input_json_delta"),
        Just("response.completed"),
        Just("response"),
        Just("function_call"),
        Just("arguments"),
        Just("tool_calls"),
        Just("function"),
        Just("max_tokens"),
        Just("content_block"),
        Just("response.output_item.added"),
        Just("system"),
        Just("data"),
        Just("input_tokens"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        "[a-zé\"\\\\]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let words = words.clone();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((words, inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

#[test]
fn whatever_comes_nothing_panics_and_nothing_changes() {
    traced_async(
        |builder| builder.max_queued_spans(1),
        || async {
            let mut runner = TestRunner::default();
            let cases = (any_json(), prop::collection::vec(any_json(), 1..4), any::<Vec<u8>>(), 1..9usize);
            for _ in 0..400 {
                let (odd, events, bytes, cut) = cases.new_tree(&mut runner).unwrap().current();
                let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
                for url in [OPENAI, RESPONSES, ANTHROPIC, EMBEDDINGS] {
                    let real = match url {
                        OPENAI => chat_request(),
                        RESPONSES => responses_request(),
                        ANTHROPIC => anthropic_request(),
                        _ => embeddings_request(),
                    };
                    for answer in [
                        Answer::json(&odd),
                        Answer::json(&odd).status(400),
                        Answer::events(body.clone()),
                        Answer::events(bytes.clone()),
                        Answer::bytes("application/json", bytes.clone()),
                    ] {
                        let answer = answer.cut(cut);
                        let wire = Wire::to(answer.clone());
                        assert_eq!(wire.exchange(url, &real).await.unwrap(), answer.pieces.concat());
                    }
                    let mut asked = real;
                    for name in ["messages", "input", "system", "tools"] {
                        asked[name] = odd.clone();
                        if let Value::Array(items) = &mut asked[name] {
                            items.extend(events.clone());
                        }
                    }
                    let wire = Wire::to(Answer::json(&odd));
                    wire.exchange(url, &asked).await.unwrap();
                    assert_eq!(wire.seen().body, asked.to_string());
                    let request = Request::post(url).body(Body::from(bytes.clone())).unwrap();
                    wire.send(request).await;
                    assert_eq!(wire.seen().body, bytes);
                }
            }
        },
    );
}
