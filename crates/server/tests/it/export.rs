//! `bennu export`, run as people run it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    process::{Command, Output, Stdio},
    thread::JoinHandle,
};

use serde_json::{Value, json};

use crate::kit::*;

/// The program without the settings of whoever runs the tests.
fn export(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bennu"));
    for name in ["BENNU_URL", "BENNU_TOKEN", "PHOENIX_COLLECTOR_ENDPOINT", "PHOENIX_API_KEY"] {
        command.env_remove(name);
    }
    command.arg("export").args(arguments);
    command
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// What it prints on success; nothing may stand on stderr.
fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it says when it refuses; nothing may stand on stdout, and nothing may have panicked.
fn refused(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let stderr = said(&stderr);
    assert_eq!((status.code(), said(&stdout)), (Some(1), String::new()), "{stderr}");
    assert!(stderr.starts_with("bennu: ") && !stderr.contains("panicked"), "{stderr}");
    stderr
}

/// A server with the trace `1…`, whose texts look like JSON, and its id.
fn server(flags: &[&str]) -> (TestServer, String) {
    let server = TestServer::with(flags);
    let attributes = [
        ("input.value", json!("{\"quoted\": [\\]}, ünd\n</script>")),
        ("list", json!(["a", ""])),
        ("number", json!(0.1)),
    ];
    let body = crate::kit::export(json!([span('1', '1', None, "agent.run", &attributes)])).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("x-project-name", "my app"),
        ("authorization", "Bearer secret-token"),
    ];
    assert_eq!(server.post("/v1/traces", &headers, body.as_bytes()).status, 200);
    (server, "1".repeat(32))
}

#[test]
fn the_json_is_that_of_the_server_in_lines() {
    let (server, id) = server(&[]);
    let served = server.get(&format!("/v1/traces/{id}"));
    let expected = format!("{}\n", serde_json::to_string_pretty(&served.json()).unwrap());
    assert_eq!(printed(export(&[&id, "--url", &server.url("")])), expected);
    // A page's address says all of it, whatever the environment names.
    let page =
        server.url(&format!("/projects/my%20app/traces/{}?span={}", id.to_uppercase(), "1".repeat(16)));
    let mut pasted = export(&[&page]);
    pasted.env("BENNU_URL", "http://127.0.0.1:1");
    assert_eq!(printed(pasted), expected);
    for name in ["BENNU_URL", "PHOENIX_COLLECTOR_ENDPOINT"] {
        let mut named = export(&[&id]);
        named.env(name, server.url("/v1/traces"));
        assert_eq!(printed(named), expected, "{name}");
    }
}

#[test]
fn otlp_is_copied_and_can_be_sent_again() {
    let (server, id) = server(&[]);
    let served = server.get(&format!("/v1/traces/{id}/otlp"));
    let copy = printed(export(&[&id, "--otlp", "--url", &server.url("")]));
    assert_eq!(copy, served.text);
    let other = TestServer::start();
    let sent = other.post("/v1/traces", &[("content-type", "application/json")], copy.as_bytes());
    assert_eq!((sent.status, other.trace(&id)["spans"][0]["name"].clone()), (200, json!("agent.run")));
}

#[test]
fn a_file_is_written_only_when_there_is_a_trace() {
    let (server, id) = server(&[]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("case.json");
    let file = path.to_str().unwrap();
    assert_eq!(printed(export(&[&id, "--url", &server.url(""), "--output", file])), "");
    let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(case, server.trace(&id));
    refused(export(&[&"2".repeat(32), "--url", &server.url(""), "--output", file]));
    assert!(std::fs::metadata(&path).unwrap().len() > 0, "the file that was there stays");
    let nowhere = directory.path().join("no/case.json");
    let error = refused(export(&[&id, "--url", &server.url(""), "--output", nowhere.to_str().unwrap()]));
    assert!(error.contains("no/case.json cannot be written"), "{error}");
}

#[test]
fn a_token_is_asked_for_by_name() {
    let (server, id) = server(&["--token", "secret-token"]);
    let url = server.url("");
    let error = refused(export(&[&id, "--url", &url]));
    assert!(error.contains(&url) && error.contains("give --token TOKEN or set BENNU_TOKEN"), "{error}");
    let mut wrong = export(&[&id, "--url", &url]);
    wrong.env("BENNU_TOKEN", "wrong-token");
    let error = refused(wrong);
    assert!(
        error.contains("does not take the token of BENNU_TOKEN") && !error.contains("wrong-token"),
        "{error}"
    );
    assert!(printed(export(&[&id, "--url", &url, "--token", "secret-token"])).contains("agent.run"));
    for name in ["BENNU_TOKEN", "PHOENIX_API_KEY"] {
        let mut named = export(&[&id, "--url", &url]);
        named.env(name, "secret-token\n");
        assert!(printed(named).contains("agent.run"), "{name}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let (server, id) = server(&[]);
    let url = server.url("");
    let error = refused(export(&[&"2".repeat(32), "--url", &url]));
    assert!(error.contains(&url) && error.contains(&format!("has no trace {}", "2".repeat(32))), "{error}");
    let error = refused(export(&[&id, "--url", &url, "--project", "other"]));
    assert!(error.contains("in the project \"other\"") && error.contains("--project"), "{error}");
    let error = refused(export(&["no-trace", "--url", &url]));
    assert!(error.contains("32 hex digits"), "{error}");

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut nobody = export(&[&id]);
    nobody.env("PHOENIX_COLLECTOR_ENDPOINT", format!("http://{free}/v1/traces"));
    let error = refused(nobody);
    assert!(
        error.contains(&format!("nobody answers at http://{free} (PHOENIX_COLLECTOR_ENDPOINT)")),
        "{error}"
    );
    assert!(error.contains("start bennu") && error.contains("BENNU_URL"), "{error}");

    let error = refused(export(&[&id, "--url", &url.replace("http:", "https:")]));
    assert!(error.contains("ssh -L") && error.contains(&format!("/v1/traces/{id}")), "{error}");

    let error = refused(export(&[&id, "--url", &url, "--token", "a\u{1}b"]));
    assert!(error.contains("cannot be asked"), "{error}");
    // The port of OTLP alone has no JSON of traces.
    let otlp = format!("http://{}", server.addresses.otlp.unwrap());
    let error = refused(export(&[&id, "--url", &otlp]));
    assert!(error.contains("name the address of its pages"), "{error}");
}

#[test]
fn a_running_trace_is_exported_with_a_warning() {
    let server = TestServer::start();
    let mut open = span('3', '2', Some('1'), "llm.chat", &[]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    (open["startTimeUnixNano"], open["endTimeUnixNano"]) = (now.to_string().into(), now.to_string().into());
    server.send(json!([open]));
    for format in [&[][..], &["--otlp"]] {
        let id = "3".repeat(32);
        let output = export(&[&[&*id, "--url", &server.url("")], format].concat()).output().unwrap();
        assert!(output.status.success());
        assert_eq!(said(&output.stderr).matches("still running").count(), 1);
        assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    }
}

/// Answers one request with these bytes and hangs up.
fn answering(answer: &'static [u8]) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answered = std::thread::spawn(move || {
        let (mut asker, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            asker.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        asker.write_all(answer).unwrap();
    });
    (address, answered)
}

#[test]
fn an_answer_that_breaks_off_is_told() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n";
    for format in [&[][..], &["--otlp"]] {
        let (address, answered) = answering(cut);
        let url = format!("http://{address}");
        let output = export(&[&[&*"1".repeat(32), "--url", &url], format].concat()).output().unwrap();
        answered.join().unwrap();
        let error = said(&output.stderr);
        assert!(!output.status.success() && error.contains("broke off"), "{error}");
        assert!(error.contains("stdout is not whole"), "{error}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("case.json");
    std::fs::write(&path, "whole").unwrap();
    let (address, answered) = answering(cut);
    let url = format!("http://{address}");
    let error = refused(export(&[&"1".repeat(32), "--url", &url, "--output", path.to_str().unwrap()]));
    answered.join().unwrap();
    assert!(error.contains("what came is not whole"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole", "the file that was there stays");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "and nothing is beside it");
}

#[test]
fn a_server_that_is_no_bennu_is_not_copied() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"[..],
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
        b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (address, answered) = answering(answer);
        let error = refused(export(&[&"1".repeat(32), "--url", &format!("http://{address}")]));
        answered.join().unwrap();
        assert!(error.contains("not as bennu does"), "{error}");
    }
}

#[test]
fn whoever_stops_reading_makes_no_panic() {
    let server = TestServer::start();
    let long = "long ".repeat(200_000);
    server.send(json!([span('4', '1', None, "long", &[("input.value", json!(long))])]));
    for format in [&[][..], &["--otlp"]] {
        let id = "4".repeat(32);
        let mut child = export(&[&[&*id, "--url", &server.url("")], format].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // `head -c 1`.
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output.stderr));
    }
}

#[test]
fn help_shows_no_values() {
    let mut help = export(&["--help"]);
    help.env("BENNU_TOKEN", "secret-token").env("BENNU_URL", "http://secret-host");
    let help = printed(help);
    assert!(help.contains("BENNU_TOKEN, PHOENIX_API_KEY") && !help.contains("secret-"), "{help}");
}
