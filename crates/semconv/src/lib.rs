//! Attribute names and values of the dialects that LLM instrumentation speaks.
//!
//! One module a dialect that both sides speak: the server's normaliser reads these names, the SDK writes them. What only the
//! server reads stands in its table (`docs/dialects.md`). No dependencies, no code.
//!
//! ```
//! assert_eq!(bennu_semconv::openinference::SPAN_KIND, "openinference.span.kind");
//! assert_eq!(bennu_semconv::gen_ai::INPUT_MESSAGES, "gen_ai.input.messages");
//! ```

/// Declares attribute names: a documented `const` each.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => { $($(#[$doc])* pub const $name: &str = $value;)* };
}
use names;

pub mod gen_ai;
pub mod openinference;
pub mod otel;
pub mod sampling;
