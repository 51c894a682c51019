//! `kill -9` at random moments: every span that was acknowledged is there after the restart.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::kit::{export, url};

const ROUNDS: u64 = 20;
const SENDERS: u64 = 4;

/// The real program on free ports.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(data_dir: &Path) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bennu"))
            .args(["--port", "0", "--grpc-port", "off", "--otlp-port", "off", "--data-dir"])
            .arg(data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("http://").map(|(_, address)| address.trim().to_owned()))
            .expect("the program prints its address");
        Program { child, address: address.parse().unwrap() }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A span whose id says which it is.
fn span(number: u64) -> Value {
    json!({
        "traceId": format!("{:032x}", number / 7 + 1),
        "spanId": format!("{:016x}", number + 1),
        "name": "n",
        "startTimeUnixNano": "1795221728000000000",
        "endTimeUnixNano": "1795221728000000001",
        "attributes": [{"key": "input.value", "value": {"stringValue": format!("content {number} {}", "x".repeat(80))}}],
    })
}

#[test]
fn nothing_acknowledged_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0..ROUNDS {
        let program = Program::start(directory.path());
        let killed = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (next, acknowledged, killed, address) =
                    (next.clone(), acknowledged.clone(), killed.clone(), program.address);
                std::thread::spawn(move || {
                    let agent = ureq::Agent::new_with_defaults();
                    while !killed.load(Ordering::Relaxed) {
                        // Small requests and large ones.
                        let count = if sender % 2 == 0 { 1 } else { 60 };
                        let first = next.fetch_add(count, Ordering::Relaxed);
                        let body = export((first..first + count).map(span).collect()).to_string();
                        let sent = agent
                            .post(url(address, "/v1/traces"))
                            .content_type("application/json")
                            .send(&body);
                        if sent.is_ok_and(|answer| answer.status() == 200) {
                            acknowledged.lock().unwrap().extend(first..first + count);
                        }
                    }
                })
            })
            .collect();
        // Somebody deletes meanwhile: what others refer to must survive the kill.
        let deleting = (killed.clone(), program.address);
        let deleter = std::thread::spawn(move || {
            let (killed, address) = deleting;
            let agent = ureq::Agent::new_with_defaults();
            let body = export((0..20).map(span).collect()).to_string();
            while !killed.load(Ordering::Relaxed) {
                let sent = agent.post(url(address, "/v1/traces")).content_type("application/json");
                let _ = sent.header("x-project-name", "gone").send(&body);
                let _ = agent.delete(url(address, "/v1/projects/gone")).call();
            }
        });
        // A moment that differs from round to round; its length is not what is tested.
        std::thread::sleep(Duration::from_millis(30 + round * 37 % 160));
        program.kill();
        killed.store(true, Ordering::Relaxed);
        senders.into_iter().chain([deleter]).for_each(|thread| thread.join().unwrap());
    }

    let program = Program::start(directory.path());
    let acknowledged = acknowledged.lock().unwrap();
    assert!(acknowledged.len() > 100, "only {} spans were acknowledged", acknowledged.len());
    let stored = stored(program.address);
    let lost: Vec<&u64> = acknowledged.iter().filter(|number| !stored.contains(number)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged spans are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    program.kill();
}

/// The numbers of every span, content checked.
fn stored(address: SocketAddr) -> std::collections::HashSet<u64> {
    let mut stored = std::collections::HashSet::new();
    let mut cursor = String::new();
    loop {
        let page = url(address, &format!("/v1/projects/default/spans?limit=1000{cursor}"));
        let page: Value =
            ureq::get(&page).call().unwrap().body_mut().with_config().limit(1 << 28).read_json().unwrap();
        for span in page["data"].as_array().unwrap() {
            let id = u64::from_str_radix(span["context"]["span_id"].as_str().unwrap(), 16).unwrap() - 1;
            let content = span["attributes"]["input.value"].as_str().unwrap();
            assert!(content.starts_with(&format!("content {id} ")), "{id}: {content}");
            stored.insert(id);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('=', "%3D")),
            None => return stored,
        }
    }
}
