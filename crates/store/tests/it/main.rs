//! The store through its door.

mod kit;
mod order;
mod ownership;
mod spans;
mod traces;
mod disk;
mod deletion;
mod sharing;
