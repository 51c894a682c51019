//! The store through its door.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;
mod order;
mod ownership;
mod spans;
mod traces;
mod running;
mod logs;
mod disk;
mod deletion;
mod sharing;
mod search;
mod previous;
mod changes;
mod charts;
mod groups;
mod links;
