//! The program through its ports.

mod kit;
mod crash;
mod http;
mod grpc;
mod json;
mod meaning;
mod pages;
mod guard;
mod dependencies;
