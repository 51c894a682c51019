//! The layer around an axum server, and contexts between services.

use std::convert::Infallible;

use axum::{
    Json, Router,
    body::Body,
    extract::MatchedPath,
    http::{Extensions, HeaderMap, Request, Response, StatusCode},
    routing::{get, post},
};
use bennu_sdk::{TraceLayer, chain_span, inject, tool_span, using_user};
use futures_util::{StreamExt, stream};
use tower::ServiceExt;

use crate::collector::traced_async;

fn router() -> Router {
    Router::new()
        .route(
            "/good",
            get(|| async {
                let _using = using_user("u").on_current_span();
                drop(tool_span("inside", ""));
                "fine"
            }),
        )
        .route("/bad", post(|Json(_): Json<Vec<u8>>| async { "never" }))
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/panic", get(async || if true { panic!("oh no") } else { "never" }))
        .route(
            "/stream",
            get(|| async {
                let parts = stream::iter(["a", "b"]).map(|part| {
                    drop(tool_span("streamed", ""));
                    Ok::<_, Infallible>(part)
                });
                Body::from_stream(parts)
            }),
        )
        .route("/rpc", get(|| async { [("grpc-status", "13"), ("grpc-message", "broken")] }))
        .layer(TraceLayer::new())
}

async fn ask(request: Request<Body>) -> (StatusCode, String, String) {
    let response: Response<_> = router().oneshot(request).await.unwrap();
    let id =
        response.headers().get("x-trace-id").expect("every response has it").to_str().unwrap().to_owned();
    let status = response.status();
    let body = axum::body::to_bytes(Body::new(response.into_body()), 1 << 20).await.unwrap();
    (status, id, String::from_utf8(body.to_vec()).unwrap())
}

fn get_of(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[test]
fn every_response_names_its_trace() {
    let mut said = Vec::new();
    let collector = traced_async(
        |builder| builder,
        || async {
            said.push(ask(get_of("/good")).await);
            let bad =
                Request::post("/bad").header("content-type", "application/json").body("[1".into()).unwrap();
            said.push(ask(bad).await);
            said.push(ask(get_of("/broken")).await);
            said.push(ask(get_of("/panic")).await);
            said.push(ask(get_of("/stream")).await);
            said.push(ask(get_of("/nowhere")).await);
            said.push(ask(get_of("/rpc")).await);
        },
    );
    let statuses: Vec<u16> = said.iter().map(|(status, ..)| status.as_u16()).collect();
    assert_eq!(statuses, [200, 400, 500, 500, 200, 404, 200]);
    assert_eq!(collector.span("GET /rpc").error.as_deref(), Some("broken"));
    let names = ["GET /good", "POST /bad", "GET /broken", "GET /panic", "GET /stream", "GET /nowhere"];
    for ((status, id, _), name) in said.iter().zip(names) {
        let span = collector.span(name);
        assert_eq!((&span.trace_id, span.get("http.response.status_code")), (id, status.as_str()), "{name}");
        assert_eq!(span.error.is_some(), status.is_server_error(), "{name}");
    }
    assert_eq!(said[0].2, "fine");
    assert_eq!(collector.span("GET /good").get("user.id"), "u");
    assert_eq!(collector.span("tool.inside").parent_id, collector.span("GET /good").span_id);
    assert_eq!(collector.span("GET /panic").error.as_deref(), Some("oh no"));
    assert_eq!(said[4].2, "ab");
    let streamed = collector.span("GET /stream").span_id;
    let inside = collector.spans().into_iter().filter(|span| span.name == "tool.streamed");
    assert!(inside.clone().count() == 2 && inside.clone().all(|span| span.parent_id == streamed));
}

#[test]
fn a_caller_is_joined_and_one_that_did_not_sample_is_followed() {
    let mut ids = Vec::new();
    let collector = traced_async(
        |builder| builder,
        || async {
            let caller = chain_span("caller", "");
            let mut headers = HeaderMap::new();
            caller.in_scope(|| inject(&mut headers));
            let mut request = get_of("/good");
            request.headers_mut().extend(headers);
            ids.push((ask(request).await.1, caller.trace_id()));

            let foreign = "4bf92f3577b34da6a3ce929d0e0e4736";
            let mut request = get_of("/broken");
            let parent = format!("00-{foreign}-00f067aa0ba902b7-00").parse().unwrap();
            request.headers_mut().insert("traceparent", parent);
            ids.push((ask(request).await.1, foreign.to_owned()));
        },
    );
    assert!(ids.iter().all(|(got, expected)| got == expected), "{ids:?}");
    assert_eq!(collector.span("GET /good").parent_id, collector.span("caller").span_id);
    assert!(!collector.spans().iter().any(|span| span.name == "GET /broken"), "its caller decided so");
}

#[test]
fn requests_of_one_route_have_one_name() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let route = |extensions: &Extensions| {
                extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned())
            };
            let app = Router::new()
                .route("/items/{id}", get(|| async { "one" }))
                .layer(TraceLayer::new().route(route));
            for path in ["/items/1", "/items/2", "/nowhere"] {
                app.clone().oneshot(get_of(path)).await.unwrap();
            }
        },
    );
    let mut named: Vec<_> = collector
        .spans()
        .iter()
        .map(|span| format!("{} {} {}", span.name, span.get("http.route"), span.get("url.path")))
        .collect();
    named.sort();
    let item = "GET /items/{id} /items/{id} /items/";
    assert_eq!(named, [format!("{item}1"), format!("{item}2"), "GET /nowhere  /nowhere".to_owned()]);
}
