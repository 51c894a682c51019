//! A relay that puts traces into the past, so that a week of them can be made in a minute.
//!
//! Everything of a session is moved back by the same time; the spans are as they were but for their times.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    net::SocketAddr,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message;

/// Where it sends on to.
#[derive(Debug, Clone)]
struct To {
    url: String,
    span: Duration,
}

/// Starts it; what it is sent goes on to the server at `base`, up to `span` older.
pub(super) async fn start(base: &str, span: Duration) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let to = To { url: format!("{base}/v1/traces"), span };
    let relay =
        Router::new().route("/v1/traces", post(relay)).layer(DefaultBodyLimit::max(64 << 20)).with_state(to);
    tokio::spawn(async move { axum::serve(listener, relay).await });
    Ok(address)
}

async fn relay(State(to): State<To>, headers: HeaderMap, body: Bytes) -> Result<Vec<u8>, StatusCode> {
    let mut request = ExportTraceServiceRequest::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let spans = request
        .resource_spans
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_spans)
        .flat_map(|scope| &mut scope.spans);
    for span in spans {
        let back = back(session(span), to.span);
        move_back(span, back);
    }
    let token = headers.get(header::AUTHORIZATION).and_then(|token| token.to_str().ok()).map(str::to_owned);
    let sent = tokio::task::spawn_blocking(move || {
        let mut on = ureq::post(&to.url).header("content-type", "application/x-protobuf");
        if let Some(token) = token {
            on = on.header("authorization", token);
        }
        on.send(request.encode_to_vec()).and_then(|mut answer| answer.body_mut().read_to_vec())
    });
    match sent.await {
        Ok(Ok(answer)) => Ok(answer),
        // To be sent again, as the server would have it.
        _ => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn session(span: &Span) -> &str {
    let named = span.attributes.iter().find(|pair| pair.key == "session.id");
    match named.and_then(|pair| pair.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(id)) => id,
        _ => "",
    }
}

/// How far a session is moved: always the same, and any time of the span as likely as another.
fn back(session: &str, span: Duration) -> Duration {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(session);
    span.mul_f64(hash as f64 / u64::MAX as f64)
}

fn move_back(span: &mut Span, back: Duration) {
    let back_ns = back.as_nanos() as u64;
    let events = span.events.iter_mut().map(|event| &mut event.time_unix_nano);
    for time_ns in events.chain([&mut span.start_time_unix_nano, &mut span.end_time_unix_nano]) {
        *time_ns = time_ns.saturating_sub(back_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_keeps_its_place_and_a_span_its_length() {
        let week = Duration::from_secs(7 * 86_400);
        assert_eq!(back("a", week), back("a", week));
        let all: Vec<Duration> = (0..100).map(|n| back(&n.to_string(), week)).collect();
        assert!(all.iter().all(|back| *back <= week));
        let early = all.iter().filter(|back| **back < week / 2).count();
        assert!((25..75).contains(&early), "{early}");
        let mut span = Span { start_time_unix_nano: 5_000, end_time_unix_nano: 7_000, ..Span::default() };
        move_back(&mut span, Duration::from_nanos(1_000));
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (4_000, 6_000));
    }
}
