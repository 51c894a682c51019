//! Answers that come piece by piece, cut anywhere.

use std::{collections::BTreeMap, time::Duration};

use super::{answers::check_answer, bodies::*, *};

type Said = (BTreeMap<String, String>, Vec<String>, Option<String>);

fn said(span: &Sent) -> Said {
    let events = span.events.iter().map(|(name, _)| name.clone()).collect();
    (span.attributes.clone(), events, span.error.clone())
}

/// The span of a stream; the same however the stream is cut.
fn streamed(url: &str, request: &Value, body: &str) -> Sent {
    let whole = Answer::events(body.to_owned());
    let mut answers = vec![whole.clone()];
    answers.extend([1, 2, 3, 7].map(|bytes| whole.clone().cut(bytes)));
    answers.extend((1..body.len()).map(|at| whole.clone().cut_at(at)));
    let count = answers.len();
    let collector = traced_async(
        |builder| builder.max_queued_spans(100_000),
        || async {
            for answer in answers {
                let got = Wire::to(answer).exchange(url, request).await.unwrap();
                assert_eq!(got, body);
            }
        },
    );
    let spans = collector.spans();
    assert_eq!(spans.len(), count);
    for span in &spans {
        assert_eq!(said(span), said(&spans[0]));
    }
    assert_eq!(spans[0].events[0].0, "First Token Stream Event");
    spans[0].clone()
}

#[test]
fn a_chat_completion() {
    let span = streamed(OPENAI, &chat_request(), &chat_events());
    check_answer(&span);
    check(
        &span,
        &[
            ("llm.output_messages.0.message.content", "Ein Reiher – öhm."),
            ("llm.response.model_name", "gpt-4o-2024-08-06"),
            ("gen_ai.response.id", "chatcmpl-1"),
            ("llm.finish_reason", "tool_calls"),
        ],
    );
}

#[test]
fn a_response() {
    let span = streamed(RESPONSES, &responses_request(), &responses_events());
    check_answer(&span);
    // The last event has all of it.
    let whole = span_of(RESPONSES, &responses_request(), &Answer::json(&responses_answer()));
    assert_eq!(span.attributes, whole.attributes);
}

#[test]
fn a_response_that_breaks_off_says_what_came() {
    let pieces = responses_pieces();
    let answer = Answer::events(pieces);
    let span = span_of(RESPONSES, &responses_request(), &answer);
    check(
        &span,
        &[
            ("llm.output_messages.0.message.contents.1.message_content.text", "Ein Reiher – öhm."),
            ("llm.output_messages.0.message.tool_calls.0.tool_call.id", "call_1"),
            (
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                r#"{"word":"héron"}"#,
            ),
            ("llm.finish_reason", ""),
            ("gen_ai.response.id", "resp_1"),
            ("bennu.response.unread", "broke off before its end"),
        ],
    );
    assert_eq!(span.error, None);
}

#[test]
fn what_ends_without_its_last_event_is_whole_if_it_says_why_it_ended() {
    // Not every server says that it is done.
    let chat = chat_events().replace("data: [DONE]\r\n\r\n", "");
    let last = anthropic_events().find("event: message_stop").unwrap();
    for (url, request, body) in [
        (OPENAI, chat_request(), chat),
        (ANTHROPIC, anthropic_request(), anthropic_events()[..last].to_owned()),
    ] {
        check_answer(&span_of(url, &request, &Answer::events(body)));
    }
    for body in ["", "data: {\"choices\":[{\"delta\":{\"content\":\"Ein\"}}]}\n\n"] {
        let span = span_of(OPENAI, &chat_request(), &Answer::events(body));
        assert_eq!(span.get("bennu.response.unread"), "broke off before its end");
        assert_eq!((span.get("llm.finish_reason"), span.error.as_deref()), ("", None));
    }
}

#[test]
fn a_message_of_anthropic() {
    let span = streamed(ANTHROPIC, &anthropic_request(), &anthropic_events());
    check_answer(&span);
    check(
        &span,
        &[
            ("llm.output_messages.0.message.contents.1.message_content.text", "Ein Reiher – öhm."),
            ("llm.response.model_name", "claude-sonnet-4-5-20250929"),
            ("gen_ai.response.id", "msg_1"),
            ("llm.finish_reason", "tool_use"),
            ("llm.token_count.prompt_details.cache_write", "4"),
        ],
    );
    let thought = span.get("llm.output_messages.0.message.contents.0.message_content.text");
    assert!(thought.contains("A bird…"));
}

/// Reads a part of an answer and drops it.
fn dropped(url: &'static str, request: Value, answer: Answer, bytes: usize) -> Sent {
    let collector = traced_async(
        |builder| builder,
        || async move {
            let response = Wire::to(answer).send(post(url, &request)).await;
            let mut body = response.into_body().into_data_stream();
            let mut read = 0;
            while read < bytes {
                read += body.next().await.unwrap().unwrap().len();
            }
        },
    );
    collector.spans()[0].clone()
}

#[test]
fn an_answer_that_is_dropped_is_cancelled() {
    let some = chat_events().find("call_1").unwrap();
    let events = Answer::events(chat_events()[..some].to_owned()).then(Then::Hang);
    let span = dropped(OPENAI, chat_request(), events, some);
    assert_eq!(span.get("llm.finish_reason"), "cancelled");
    assert_eq!(span.get("llm.output_messages.0.message.content"), "Ein Reiher – öhm.");
    assert_eq!((span.error, span.events.len()), (None, 2));

    let whole = Answer::json(&chat_answer()).then(Then::Hang);
    let bytes = whole.pieces.concat().len();
    assert_eq!(dropped(OPENAI, chat_request(), whole, bytes).get("llm.finish_reason"), "cancelled");

    let vectors = Answer::json(&embeddings_answer()).then(Then::Hang);
    let span = dropped(EMBEDDINGS, embeddings_request(), vectors, 1);
    assert_eq!((span.events[0].0.as_str(), span.error), ("cancelled", None));
}

#[test]
fn what_ends_with_its_last_event_is_not_cancelled() {
    // Clients stop reading there.
    for (url, request, body) in [
        (OPENAI, chat_request(), chat_events()),
        (RESPONSES, responses_request(), responses_events()),
        (ANTHROPIC, anthropic_request(), anthropic_events()),
    ] {
        let bytes = body.len();
        check_answer(&dropped(url, request, Answer::events(body).then(Then::Hang), bytes));
    }
}

#[test]
fn a_call_that_is_given_up_before_its_answer_is_cancelled() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let never = service_fn(|_: Request<SentBody<Body>>| {
                std::future::pending::<Result<Response<Body>, Infallible>>()
            });
            let call = LlmService::new(never).oneshot(post(OPENAI, &chat_request()));
            assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err());
        },
    );
    assert_eq!(collector.span("llm.chat").get("llm.finish_reason"), "cancelled");
}
