//! Calls that fail.

use serde_json::json;

use super::{bodies::*, *};

#[test]
fn an_error_says_its_status_and_its_message() {
    let page = "<html>Bad Gateway</html>";
    let openai = json!({"error": {"message": "Rate limit reached.", "type": "requests", "code": "rate_limit_exceeded"}});
    let anthropic = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: too large"}});
    for (url, request, answer, message) in [
        (
            OPENAI,
            chat_request(),
            Answer::json(&openai).status(429),
            "429 Too Many Requests: Rate limit reached.",
        ),
        (
            ANTHROPIC,
            anthropic_request(),
            Answer::json(&anthropic).status(400),
            "400 Bad Request: max_tokens: too large",
        ),
        (
            EMBEDDINGS,
            embeddings_request(),
            Answer::json(&json!({"detail": "down"})).status(500),
            "500 Internal Server Error: down",
        ),
        (RESPONSES, responses_request(), Answer::bytes("text/html", page).status(502), "502 Bad Gateway"),
        (
            OPENAI,
            chat_request(),
            Answer::bytes("application/json", "").status(503),
            "503 Service Unavailable",
        ),
        (
            OPENAI,
            chat_request(),
            Answer::json(&openai).status(429).header("content-encoding", "br"),
            "429 Too Many Requests: Rate limit reached.",
        ),
    ] {
        let span = span_of(url, &request, &answer);
        assert_eq!(span.error.as_deref(), Some(message));
        assert_eq!(span.get("error.type"), answer.status.to_string());
        assert_eq!(span.get("http.response.status_code"), answer.status.to_string());
        assert_eq!((span.events.len(), span.events[0].0.as_str()), (1, "exception"));
        has_none(&span, "llm.output_messages");
    }
}

#[test]
fn an_error_whose_body_nobody_reads_is_one() {
    let answer = Answer::json(&json!({"error": {"message": "no key"}})).status(401);
    let collector = traced_async(
        |builder| builder,
        || async { drop(Wire::to(answer).send(post(OPENAI, &chat_request())).await) },
    );
    let span = collector.span("llm.chat");
    assert_eq!(span.error.as_deref(), Some("401 Unauthorized"));
    assert_eq!(span.get("llm.finish_reason"), "");
}

#[test]
fn an_error_that_is_answered_with_200_is_one() {
    let said = json!({"error": {"message": "no credit", "code": 402}});
    let span = span_of(OPENAI, &chat_request(), &Answer::json(&said));
    assert_eq!((span.error.as_deref(), span.get("error.type")), (Some("no credit"), "error"));
}

#[test]
fn a_stream_may_fail_within() {
    let chat = format!(
        "data: {}\n\ndata: {}\n\n",
        json!({"choices": [{"delta": {"content": "Ein"}}]}),
        json!({"error": {"message": "overloaded", "type": "server_error"}})
    );
    let anthropic = format!(
        "event: error\ndata: {}\n\n",
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    );
    let mut failed = responses_answer();
    failed["status"] = json!("failed");
    failed["error"] = json!({"code": "server_error", "message": "Sorry."});
    let failed = format!("data: {}\n\n", json!({"type": "response.failed", "response": failed}));
    let event =
        json!({"type": "error", "code": "rate_limit_exceeded", "message": "Slow down.", "param": null});
    for (url, request, body, class, message) in [
        (OPENAI, chat_request(), chat, "server_error", "overloaded"),
        (ANTHROPIC, anthropic_request(), anthropic, "overloaded_error", "Overloaded"),
        (RESPONSES, responses_request(), failed, "server_error", "Sorry."),
        (RESPONSES, responses_request(), format!("data: {event}\n\n"), "rate_limit_exceeded", "Slow down."),
    ] {
        let span = span_of(url, &request, &Answer::events(body));
        assert_eq!((span.error.as_deref(), span.get("error.type")), (Some(message), class));
    }
    let span = span_of(
        RESPONSES,
        &responses_request(),
        &Answer::json(&{
            let mut cut = responses_answer();
            cut["status"] = json!("incomplete");
            cut["incomplete_details"] = json!({"reason": "max_output_tokens"});
            cut
        }),
    );
    assert_eq!((span.error.as_deref(), span.get("llm.finish_reason")), (None, "max_output_tokens"));
}

#[test]
fn a_body_that_breaks_off_fails() {
    for answer in [
        Answer::json(&chat_answer()).cut(100),
        Answer::events(chat_events()).cut(400),
        Answer::bytes("text/html", "<html>"),
    ] {
        let answer = Answer { pieces: answer.pieces[..1].to_vec(), ..answer }.then(Then::Fail);
        let collector = traced_async(
            |builder| builder,
            || async {
                let error = Wire::to(answer).exchange(OPENAI, &chat_request()).await.unwrap_err();
                assert!(error.to_string().contains("cut off"));
            },
        );
        let span = collector.span("llm.chat");
        assert!(span.error.unwrap().contains("cut off"));
        assert!(span.attributes["error.type"].contains("Error"));
    }
}

#[test]
fn a_request_that_is_not_sent_fails_and_tells_no_key() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let url = "http://127.0.0.1:9/v1/chat/completions?key=s3cret";
            let refused = service_fn(|request: Request<SentBody<Body>>| async move {
                Err::<Response<Body>, _>(io::Error::other(format!("error sending to {}", request.uri())))
            });
            let error = LlmService::new(refused).oneshot(post(url, &chat_request())).await.unwrap_err();
            assert!(error.to_string().ends_with("key=s3cret"), "the client's error is its own");
        },
    );
    let span = collector.span("llm.chat");
    assert_eq!(span.error.as_deref(), Some("error sending to http://127.0.0.1:9/v1/chat/completions?…"));
    assert_eq!((span.get("server.address"), span.get("server.port")), ("127.0.0.1", "9"));
    assert_eq!(span.get("error.type"), "std::io::error::Error");
}
