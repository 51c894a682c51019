//! The program through its ports.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;
mod wire;
mod crash;
mod http;
mod grpc;
mod logs;
mod hostile;
mod json;
mod parts;
mod meaning;
mod running;
mod pages;
mod trace_page;
mod lists;
mod guard;
mod ports;
mod dependencies;
mod export;
mod stack;
mod sampling;
