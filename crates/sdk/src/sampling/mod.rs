//! Which traces are kept.
//!
//! - `probability`: thresholds, a trace's randomness, and how `tracestate` spells them.
//! - `head`: the decision when a span begins.
//! - `rules`: what a tail sampler is told, and what it did.
//! - `tail`: decides about local traces when it is known what they are; `held`: those that it has not decided on.
//! - `span`: what it reads of a span and writes on it.
//! - `memory`: what was decided, for spans that come later.
//! - `agree`: asking whether another service keeps a trace.
//! - `outgoing`: what is kept, on its way into the queue.
//! - `processor`: the tail sampler on its threads, between spans that end and the queue.

mod agree;
mod head;
mod held;
mod memory;
mod outgoing;
mod probability;
mod processor;
mod rules;
mod span;
mod tail;

pub(crate) use agree::Board;
pub(crate) use head::Head;
pub(crate) use processor::TailSampler;
pub(crate) use rules::Sampling;
pub use rules::{SamplingStats, TailSampling};
