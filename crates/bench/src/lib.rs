//! LLM-shaped OTLP traffic from a seed, for benchmarks and for tests of any OTLP server.
//!
//! The same seed, shape and end time give the same bytes. What is in them is what OpenInference's instrumentations write: traces
//! of agents, calls, tools and retrievals, of five applications, with sessions, users, tokens and about 3 % of traces in
//! which something fails. Texts are of 30,000 words, the common ones far more common than the rare, so that neither
//! compression nor search is flattered.
//!
//! ```
//! use bennu_bench::{Generator, Shape};
//! let mut generator = Generator::new(7, Shape::Chat);
//! let request = generator.request(10);
//! assert_eq!(request.spans, 10);
//! assert!(request.body.len() > 10_000);
//! // What can be asked for later: the traces that are whole by now.
//! assert_eq!(generator.sample().traces.len(), 2);
//! ```
//!
//! The program `bennu-bench` beside this library loads and compares servers with it:
//!
//! ```text
//! # Load one server, over HTTP or gRPC, as fast as it acknowledges or at a rate.
//! bennu-bench --url http://127.0.0.1:6006/v1/traces --spans 200000
//! bennu-bench --grpc http://127.0.0.1:4317 --shape trickle --rate 2000
//!
//! # Compare servers: the same traffic to each in turn, then the questions that their users ask. Each should be fresh.
//! bennu-bench --spans 200000 --days 30 --under 1000 --json result.json \
//!     --against bennu=http://127.0.0.1:6006,pid=$BENNU,dir=/data/bennu \
//!     --against phoenix=http://127.0.0.1:6007,pid=$PHOENIX,dir=/data/phoenix
//!
//! # The worst bodies, and what this machine can do at most.
//! bennu-bench --url http://127.0.0.1:6006/v1/traces worst --pid $BENNU
//! bennu-bench limits --dir /data
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
