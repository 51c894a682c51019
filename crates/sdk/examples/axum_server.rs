//! A server: every response names its trace, whatever became of the request.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use axum::{Router, body::Body, http::Request, routing::get};
use bennu_sdk::{TraceLayer, X_TRACE_ID, init_tracing, llm_span, using_user};
use tower::ServiceExt;

fn app() -> Router {
    let ask = || async {
        using_user("ada")
            .on_current_span()
            .run(async {
                let span = llm_span("gpt-4o", "hello");
                span.record_messages(&[bennu_sdk::Message::assistant("hi")], &["stop"]);
                "hi"
            })
            .await
    };
    let fail = async || if true { panic!("a bug") } else { "never" };
    Router::new().route("/ask", get(ask)).route("/fail", get(fail)).layer(TraceLayer::new())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-axum").start()?;
    // A real one is served: `axum::serve(listener, app()).await`.
    for path in ["/ask", "/fail", "/nowhere"] {
        let response = app().oneshot(Request::get(path).body(Body::empty())?).await?;
        println!("{path}: {} {:?}", response.status(), response.headers().get(X_TRACE_ID));
    }
    Ok(())
}
