//! What `bennu-sdk` says of a sampled span. No convention has names for it but `ot=th` in `tracestate`.

/// Why its trace is kept: `error`, `slow`, `flagged`, `elsewhere`, `probability`.
pub const REASON: &str = "sampling.reason";
/// With what probability, on spans that nothing in their process is above.
pub const PROBABILITY: &str = "sampling.probability";
/// That spans of its trace were let go before it was known that it is kept.
pub const INCOMPLETE: &str = "sampling.incomplete";
