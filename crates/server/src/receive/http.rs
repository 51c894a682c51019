//! OTLP/HTTP: `POST /v1/traces`.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response, header},
    routing::post,
};

use super::{
    Held,
    body::{self, Compression},
    ingest, reply,
};
use crate::{
    app::App,
    decode::Encoding,
    error::{Code, Error},
};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/logs", post(|request: Request| async move { unimplemented(&request, "logs", "LOGS") }))
        .route(
            "/v1/metrics",
            post(|request: Request| async move { unimplemented(&request, "metrics", "METRICS") }),
        )
}

async fn traces(State(app): State<App>, request: Request) -> Response<Body> {
    // What cannot be understood is answered in JSON, which people can read.
    let encoding = encoding(request.headers());
    match export(&app, request).await {
        Ok(response) => response,
        Err(error) => reply::failure(encoding.unwrap_or(Encoding::Json), &error),
    }
}

async fn export(app: &App, request: Request) -> Result<Response<Body>, Error> {
    let headers = request.headers();
    app.guard.check_token(headers)?;
    let encoding = encoding(headers)?;
    let compression = Compression::from_header(text(headers, header::CONTENT_ENCODING.as_str()))?;
    let project = super::project_header(headers);
    let limit = app.max_body_bytes;

    let mut held = Held::default();
    let body = body::read(request.into_body(), limit, &app.budget, &mut held).await?;
    let body = match compression {
        Compression::None => body,
        _ => {
            let turn = app.decoders.clone().acquire_owned().await.map_err(|_| super::stopped())?;
            let budget = app.budget.clone();
            let inflated = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                body::decompress(compression, body, limit, &budget, &mut held).map(|body| (body, held))
            });
            let (body, still_held) = inflated.await.map_err(|_| super::stopped())??;
            held = still_held;
            body
        }
    };
    let rejected = ingest(app, encoding, body, project, held).await?;
    Ok(reply::success(encoding, &rejected))
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

fn unimplemented(request: &Request, signal: &str, variable: &str) -> Response<Body> {
    let encoding = encoding(request.headers()).unwrap_or(Encoding::Json);
    reply::failure(encoding, &super::grpc::other_signal(signal, variable))
}
