//! LLM-shaped OTLP traffic from a seed, for benchmarks and for tests of any OTLP server.
//!
//! ```
//! use bennu_bench::{Generator, Shape};
//! let mut generator = Generator::new(7, Shape::Chat);
//! let request = generator.request(10);
//! assert_eq!(request.spans, 10);
//! assert!(request.body.len() > 10_000);
//! ```

mod bodies;
mod log_bodies;
mod otlp;
mod words;
mod people;
mod sample;
mod shape;

pub use bodies::{WORST, Worst};
pub use log_bodies::WORST_LOGS;
pub use sample::{Sample, SentTrace};
pub use shape::{Generator, Request, Shape};
