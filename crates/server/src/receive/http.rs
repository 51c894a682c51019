//! OTLP/HTTP: `POST /v1/traces` and `/v1/logs`.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response, header},
    routing::post,
};

use super::{
    Held, Received,
    body::{self, Compression},
    ingest, reply,
};
use crate::{
    app::App,
    decode::{Encoding, Signal},
    error::{Code, Error},
};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/v1/traces", post(|app, request| take(app, Signal::Traces, request)))
        .route("/v1/logs", post(|app, request| take(app, Signal::Logs, request)))
        .route("/v1/metrics", post(|request: Request| async move { metrics(&request) }))
        .merge(super::sampling::router())
}

async fn take(State(app): State<App>, signal: Signal, request: Request) -> Response<Body> {
    // What cannot be understood is answered in JSON, which people can read.
    let encoding = encoding(request.headers());
    match export(&app, signal, request).await {
        Ok(response) => response,
        Err(error) => reply::failure(encoding.unwrap_or(Encoding::Json), &error),
    }
}

async fn export(app: &App, signal: Signal, request: Request) -> Result<Response<Body>, Error> {
    let headers = request.headers();
    app.guard.check_token(headers)?;
    let encoding = encoding(headers)?;
    let compression = Compression::from_header(text(headers, header::CONTENT_ENCODING.as_str()))?;
    let project = super::project_header(headers);

    let mut held = Held::default();
    let body = body::read(request.into_body(), app.max_body_bytes, &app.budget, &mut held).await?;
    let (body, held) = body::open(app, compression, body, held).await?;
    let report = ingest(app, Received { signal, encoding, body, project, held }).await?;
    Ok(reply::success(signal, encoding, &report))
}

/// From the content type; parameters after it do not matter.
fn encoding(headers: &HeaderMap) -> Result<Encoding, Error> {
    let given = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" | "application/protobuf" => Ok(Encoding::Protobuf),
        "application/json" => Ok(Encoding::Json),
        other => Err(Error::new(
            Code::UnsupportedType,
            format!("content type {other:?} is not OTLP; send application/x-protobuf or application/json"),
        )),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn metrics(request: &Request) -> Response<Body> {
    let encoding = encoding(request.headers()).unwrap_or(Encoding::Json);
    reply::failure(encoding, &super::metrics())
}
