//! The same with reqwest, over loopback.

use axum::{
    Router,
    http::HeaderMap,
    response::IntoResponse,
    routing::{any, post},
};
use bennu_sdk::{LlmMiddleware, LlmService};
use reqwest::Url;
use tower::{Service, ServiceExt};

use super::{answers::check_answer, bodies::*};
use crate::collector::traced_async;

async fn server() -> Url {
    let json = [("content-type", "application/json"), ("x-request-id", "r1")];
    let chat = move |headers: HeaderMap, body: String| async move {
        if body.contains("\"stream\":true") {
            return ([("content-type", "text/event-stream"), ("x-request-id", "r2")], chat_events())
                .into_response();
        }
        let told = headers.contains_key("traceparent").to_string();
        (json, [("x-told", told)], chat_answer().to_string()).into_response()
    };
    let router = Router::new()
        .route("/v1/chat/completions", post(chat))
        .route(
            "/v1/redirect/chat/completions",
            any(|| async { axum::response::Redirect::temporary("/v1/chat/completions") }),
        )
        .route("/v1/models", any(move || async move { (json, "{}") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url.parse().unwrap()
}

fn request(url: Url, stream: bool) -> reqwest::Request {
    let mut body = chat_request();
    body["stream"] = stream.into();
    let client = reqwest::Client::new();
    client.post(url).header("content-type", "application/json").body(body.to_string()).build().unwrap()
}

#[test]
fn a_client_is_a_service() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let url = server().await;
            let mut client = LlmService::new(reqwest::Client::new());
            let whole = url.join("chat/completions").unwrap();
            let response = client.ready().await.unwrap().call(request(whole.clone(), false)).await.unwrap();
            // The response is the client's: address and all.
            assert_eq!((response.url(), response.status().as_u16()), (&whole, 200));
            assert_eq!(
                (&response.headers()["x-request-id"], &response.headers()["x-told"]),
                (&"r1".parse().unwrap(), &"false".parse().unwrap())
            );
            assert!(response.remote_addr().is_some());
            assert_eq!(response.content_length(), Some(chat_answer().to_string().len() as u64));
            assert_eq!(response.text().await.unwrap(), chat_answer().to_string());

            let mut response = client.call(request(whole.clone(), true)).await.unwrap();
            let mut got = Vec::new();
            while let Some(piece) = response.chunk().await.unwrap() {
                got.extend_from_slice(&piece);
            }
            assert_eq!(String::from_utf8(got).unwrap(), chat_events());

            let redirected =
                client.call(request(url.join("redirect/chat/completions").unwrap(), false)).await.unwrap();
            assert_eq!(redirected.url(), &whole);
            drop(redirected.bytes().await.unwrap());
            let models = reqwest::Request::new(reqwest::Method::GET, url.join("models").unwrap());
            assert_eq!(client.call(models).await.unwrap().text().await.unwrap(), "{}");
        },
    );
    let spans = collector.spans();
    assert_eq!(spans.len(), 3);
    spans.iter().for_each(check_answer);
}

#[test]
fn a_middleware_does_the_same() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let url = server().await.join("chat/completions").unwrap();
            let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
                .with(LlmMiddleware::new().propagate(true))
                .build();
            for stream in [false, true] {
                let response = client.execute(request(url.clone(), stream)).await.unwrap();
                assert_eq!(response.url(), &url);
                assert_ne!(response.headers().get("x-told").map(|told| told.as_bytes()), Some(&b"false"[..]));
                drop(response.text().await.unwrap());
            }
        },
    );
    let spans = collector.spans();
    assert_eq!(spans.len(), 2);
    spans.iter().for_each(check_answer);
}

#[test]
fn nobody_there() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let url: Url = "http://127.0.0.1:1/v1/chat/completions?key=s3cret".parse().unwrap();
            let error =
                LlmService::new(reqwest::Client::new()).oneshot(request(url, false)).await.unwrap_err();
            assert!(error.is_connect());
        },
    );
    let span = collector.span("llm.chat");
    let error = span.error.as_ref().unwrap();
    assert!(!error.contains("s3cret") && error.contains("Connection refused"), "{span:?}");
    assert_eq!(span.get("error.type"), "connect");
}

#[test]
fn a_timeout_within_a_body_is_still_one() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let router = Router::new().route(
                "/v1/chat/completions",
                post(|| async {
                    use futures_util::{StreamExt, stream};
                    let first = stream::iter([Ok::<_, std::io::Error>("data: {\"id\":\"c1\"}\n\n")]);
                    (
                        [("content-type", "text/event-stream")],
                        axum::body::Body::from_stream(first.chain(stream::pending())),
                    )
                }),
            );
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/v1/chat/completions", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await });
            let mut request = request(url.parse().unwrap(), true);
            // It begins before the connection: long enough for the first event to come, however busy the machine is.
            *request.timeout_mut() = Some(std::time::Duration::from_secs(3));
            let response = LlmService::new(reqwest::Client::new()).oneshot(request).await.unwrap();
            let error = response.text().await.unwrap_err();
            assert!(error.is_timeout() && error.is_decode(), "{error:?}");
        },
    );
    let span = collector.span("llm.chat");
    assert!(span.error.is_some());
    assert_eq!(span.get("gen_ai.response.id"), "c1");
}
