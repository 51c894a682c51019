//! Two services in one trace: the caller writes its context into the request, the other one joins it.

use axum::{Router, body::Body, http::Request, routing::get};
use bennu_sdk::{TraceLayer, agent_span, init_tracing, inject, retrieval_span};
use tower::ServiceExt;

fn search_service() -> Router {
    let search = || async {
        let _span = retrieval_span("herons", 3);
        "three documents"
    };
    Router::new().route("/search", get(search)).layer(TraceLayer::new())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-two-services").start()?;
    agent_span("Find out about herons.")
        .trace(async |agent| {
            let mut request = Request::get("/search").body(Body::empty())?;
            inject(request.headers_mut());
            let response = search_service().oneshot(request).await?;
            let body = axum::body::to_bytes(Body::new(response.into_body()), 1 << 20).await?;
            agent.record_output(&String::from_utf8_lossy(&body));
            Ok(())
        })
        .await
}
