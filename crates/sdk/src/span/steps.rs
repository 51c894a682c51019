//! Steps that have an input, an output and nothing else: chains, guardrails, evaluators.

use opentelemetry::trace::SpanKind;
use serde::Serialize;

use super::{Span, input, output};

/// Declares a kind of span with its constructor.
macro_rules! step {
    ($kind:ident, $span:ident, $begin:ident, $name:literal, $about:literal) => {
        #[doc = concat!("The kind of [`", stringify!($span), "`].")]
        #[derive(Debug)]
        pub enum $kind {}

        #[doc = $about]
        pub type $span = Span<$kind>;

        #[doc = concat!("Begins it, by its name, with what goes in. ", $about)]
        pub fn $begin(name: &str, value: &(impl Serialize + ?Sized)) -> $span {
            Span::begin(name.to_owned(), $name, SpanKind::Internal, |_, out| out.extend(input(value)))
        }

        impl $span {
            /// Records what comes out, anything that serialises.
            pub fn record_output(&self, value: &(impl Serialize + ?Sized)) {
                self.set(output(value));
            }
        }
    };
}

step!(Chain, ChainSpan, chain_span, "CHAIN", "A step of the application's own that holds others together.");
step!(Guardrail, GuardrailSpan, guardrail_span, "GUARDRAIL", "A check of what goes in or comes out.");
step!(Evaluator, EvaluatorSpan, evaluator_span, "EVALUATOR", "A judgement of an answer.");
