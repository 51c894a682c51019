//! Contexts in HTTP headers: `traceparent` and `baggage`.

use http::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{TextMapCompositePropagator, TextMapPropagator},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

pub(crate) fn propagator() -> TextMapCompositePropagator {
    TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ])
}

/// Writes the current context into the headers of a request, so that what the other side does belongs to this trace. Baggage goes
/// with it, and to whoever is called: nothing is put there unasked.
pub fn inject(headers: &mut HeaderMap) {
    propagator().inject(&mut HeaderInjector(headers));
}

/// The context that a request's headers name; the current one if they name none.
pub fn extract(headers: &HeaderMap) -> Context {
    propagator().extract(&HeaderExtractor(headers))
}
