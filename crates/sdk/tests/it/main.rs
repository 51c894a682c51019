//! The library against a collector that decodes what it is sent.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "client")]
mod client;
mod collector;
mod conventions;
mod delivery;
mod examples;
mod server;
mod spans;
mod metrics;
mod privacy;
mod sampling;
mod testing;
