//! Contexts in HTTP headers: `traceparent` and `baggage`.

use std::sync::LazyLock;

use http::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{
        Extractor, Injector, TextMapCompositePropagator, TextMapPropagator, text_map_propagator::FieldIter,
    },
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

use crate::setup;

/// The usual ones; tail sampling learns which traces leave the process.
#[derive(Debug)]
pub(crate) struct Propagator(TextMapCompositePropagator);

pub(crate) fn propagator() -> Propagator {
    Propagator(TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ]))
}

impl TextMapPropagator for Propagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        self.0.inject_context(context, injector);
        setup::crosses(context);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        self.0.extract_with_context(context, extractor)
    }

    fn fields(&self) -> FieldIter<'_> {
        self.0.fields()
    }
}

/// Made once: every request asks it.
static PROPAGATOR: LazyLock<Propagator> = LazyLock::new(propagator);

/// Writes the current context into the headers of a request, so that what the other side does belongs to this trace. Baggage goes
/// with it, and to whoever is called: nothing is put there unasked.
pub fn inject(headers: &mut HeaderMap) {
    PROPAGATOR.inject(&mut HeaderInjector(headers));
}

/// The context that a request's headers name; the current one if they name none.
pub fn extract(headers: &HeaderMap) -> Context {
    PROPAGATOR.extract(&HeaderExtractor(headers))
}

#[cfg(test)]
mod tests {
    use opentelemetry::{
        KeyValue,
        baggage::BaggageExt,
        trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
    };

    use super::*;

    #[test]
    fn trace_and_baggage_go_out_and_come_in() {
        let parent = SpanContext::new(
            TraceId::from(7),
            SpanId::from(9),
            TraceFlags::SAMPLED,
            true,
            Default::default(),
        );
        let context =
            Context::new().with_remote_span_context(parent).with_baggage([KeyValue::new("tenant", "a b")]);
        let mut headers = HeaderMap::new();
        {
            let _guard = context.attach();
            inject(&mut headers);
        }
        assert_eq!(headers["traceparent"], format!("00-{:032x}-{:016x}-01", 7, 9));
        let back = extract(&headers);
        assert_eq!(back.span().span_context().trace_id(), TraceId::from(7));
        assert_eq!(back.baggage().get("tenant").map(|value| value.as_str()), Some("a b"));
        assert!(!extract(&HeaderMap::new()).span().span_context().is_valid());
    }
}
