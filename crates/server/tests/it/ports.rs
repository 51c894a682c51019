//! Ports that somebody else has.

use std::net::{Ipv4Addr, TcpListener};

use bennu::{
    config::{self, Config, Flags, Port},
    serve::Server,
};
use clap::Parser;

fn config(directory: &std::path::Path) -> Config {
    let flags = [
        "bennu",
        "--data-dir",
        directory.to_str().unwrap(),
        "--port",
        "0",
        "--grpc-port",
        "off",
        "--otlp-port",
        "off",
    ];
    config::load(Flags::parse_from(flags), |_| None).unwrap()
}

#[tokio::test]
async fn a_default_port_that_is_taken_is_left_and_one_that_was_asked_for_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let number = taken.local_addr().unwrap().port();

    let asked = Config { grpc_port: Port::Asked(number), ..config(directory.path()) };
    let error = format!("{:#}", Server::start(asked).await.unwrap_err());
    assert!(error.contains(&number.to_string()) && error.contains("--grpc-port"), "{error}");

    let page = Config { port: Port::Asked(number), ..config(directory.path()) };
    let error = format!("{:#}", Server::start(page).await.unwrap_err());
    assert!(error.contains("--port"), "{error}");

    let default =
        Config { grpc_port: Port::Default(number), otlp_port: Port::Default(0), ..config(directory.path()) };
    let server = Server::start(default).await.unwrap();
    assert!(server.addresses().grpc.is_none() && server.addresses().otlp.is_some());
}

#[tokio::test]
async fn a_directory_in_use_is_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let _first = Server::start(config(directory.path())).await.unwrap();
    let error = Server::start(config(directory.path())).await.unwrap_err().to_string();
    assert!(error.contains("in use by another bennu") && error.contains("--data-dir"), "{error}");
}
