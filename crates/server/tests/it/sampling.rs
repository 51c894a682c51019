//! Sampling by the tail in several services that meet at this server.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use axum::http::HeaderMap;
use bennu_sdk::{Message, TailSampling, Usage, extract, init_tracing, inject, llm_span};
use opentelemetry::{
    Context,
    trace::{SpanBuilder, Status, TraceContextExt, Tracer},
};
use serde_json::{Value, json};

use crate::kit::TestServer;

#[test]
fn what_one_keeps_the_others_hear_of() {
    let server = TestServer::start();
    let json = ("content-type", "application/json");
    let (a, b) = ("0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c");
    let exchange = |body: Value| {
        let answer = server.post("/v1/sampling", &[json], body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    };
    assert_eq!(exchange(json!({"ask": [a, b]})), r#"{"keep":[]}"#);
    assert_eq!(exchange(json!({"keep": [a], "ask": []})), r#"{"keep":[]}"#);
    assert_eq!(exchange(json!({"ask": [a, b]})), json!({"keep": [a]}).to_string());
    assert_eq!(exchange(json!({})), r#"{"keep":[]}"#);
    for (headers, body, status) in [
        (vec![json], r#"{"keep": ["xyz"]}"#.to_owned(), 400),
        (vec![json], "[".to_owned(), 400),
        (vec![json], format!(r#"{{"keep": ["{}"]}}"#, "0".repeat(1 << 20)), 413),
        (vec![], "{}".to_owned(), 415),
    ] {
        let answer = server.post("/v1/sampling", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(r#"[trace ids]"#), "{}", answer.text);
    }
    let guarded = TestServer::with(&["--token", "secret-token"]);
    assert_eq!(guarded.post("/v1/sampling", &[json], b"{}").status, 401);
    assert_eq!(
        guarded.post("/v1/sampling", &[json, ("authorization", "Bearer secret-token")], b"{}").status,
        200
    );
}

const REQUESTS: u64 = 100_000;
const RATIO: f64 = 0.01;
/// Longer by far than a batch of requests takes.
const WINDOW: Duration = Duration::from_secs(8);
const SERVICES: [&str; 3] = ["gateway", "agent", "search"];

/// What becomes of a request; most are well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    /// In this service, and none that calls it hears of it.
    Fails(usize),
    /// The gateway takes eleven seconds; the others are quick.
    Slow,
    /// The agent calls `keep_trace`.
    Flagged,
}

fn fate(request: u64) -> Fate {
    // Any spread over the requests does.
    match request.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 & 0x3FF {
        0..2 => Fate::Fails(0),
        2..5 => Fate::Fails(1),
        5..8 => Fate::Fails(2),
        8..11 => Fate::Slow,
        11 => Fate::Flagged,
        _ => Fate::Well,
    }
}

fn tokens(request: u64) -> u64 {
    100 + request % 900
}

/// A service in a process of its own: this test binary, told to be one.
struct Service {
    process: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Service {
    fn start(at: usize, collector: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["sampling::a_service_of_the_simulation", "--exact", "--nocapture"])
            .env("SIMULATED_SERVICE", at.to_string())
            .env("SIMULATED_COLLECTOR", collector)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        Service { orders: process.stdin.take().unwrap(), process, said }
    }

    /// Gives orders, one a line, and reads as many answers.
    fn ask(&mut self, orders: &[String]) -> Vec<String> {
        let text = orders.join("\n") + "\n";
        let writing = &mut self.orders;
        std::thread::scope(|scope| {
            // Pipes are short: who writes all of it before reading waits for ever.
            scope.spawn(move || writing.write_all(text.as_bytes()).unwrap());
            orders.iter().map(|_| answer(&mut self.said)).collect()
        })
    }
}

fn answer(said: &mut Lines<BufReader<ChildStdout>>) -> String {
    loop {
        let line = said.next().expect("the service lives").unwrap();
        // The test harness says things, too.
        if let Some((_, answer)) = line.split_once("@ ") {
            return answer.to_owned();
        }
    }
}

/// Does nothing but in a process that [`Service::start`] started.
#[test]
fn a_service_of_the_simulation() {
    let Ok(at) = std::env::var("SIMULATED_SERVICE") else { return };
    let at: usize = at.parse().unwrap();
    let rules = TailSampling::keep(RATIO).agree_within(WINDOW).max_bytes(1 << 30).max_spans(2_000_000);
    let guard = init_tracing(SERVICES[at])
        .project("p")
        .endpoint(std::env::var("SIMULATED_COLLECTOR").unwrap())
        .tail_sampling(rules)
        .start()
        .unwrap();
    let mut open = HashMap::new();
    let mut out = String::new();
    for order in std::io::stdin().lines() {
        let order = order.unwrap();
        let parts: Vec<&str> = order.split('|').collect();
        match parts[..] {
            ["open", request, traceparent, tracestate] => {
                let request = request.parse().unwrap();
                let (context, headers) = begin(at, request, traceparent, tracestate);
                open.insert(request, context);
                out.push_str(&format!("@ {headers}\n"));
            }
            ["close", request] => {
                let request = request.parse().unwrap();
                end(at, request, &open.remove(&request).unwrap());
                out.push_str("@ closed\n");
            }
            ["stats"] => {
                let stats = bennu_sdk::sampling_stats();
                let sent = bennu_sdk::stats();
                out.push_str(&format!(
                    "@ {}\n",
                    json!({
                        "held": stats.held_spans, "error": stats.kept_error, "slow": stats.kept_slow,
                        "flagged": stats.kept_flagged, "elsewhere": stats.kept_elsewhere,
                        "probability": stats.kept_probability, "dropped": stats.dropped,
                        "cut": stats.cut_bytes + stats.cut_spans + stats.cut_trace_spans + stats.unasked,
                        "late": stats.late_dropped, "lost": sent.lost,
                    })
                ));
            }
            _ => break,
        }
        // Answers go when nothing more is asked at the moment.
        if out.len() > 8_192 || parts[0] == "stats" || parts[1].ends_with('9') {
            print!("{}", std::mem::take(&mut out));
            std::io::stdout().flush().unwrap();
        }
    }
    drop(guard);
}

fn begin(at: usize, request: u64, traceparent: &str, tracestate: &str) -> (Context, String) {
    let mut headers = HeaderMap::new();
    for (name, value) in [("traceparent", traceparent), ("tracestate", tracestate)] {
        if !value.is_empty() {
            headers.insert(name, value.parse().unwrap());
        }
    }
    let parent = extract(&headers);
    let mut builder = SpanBuilder::from_name(SERVICES[at]);
    if fate(request) == Fate::Slow && at == 0 {
        builder.start_time = Some(SystemTime::now() - Duration::from_secs(11));
    }
    let span = bennu_sdk::tracer().build_with_context(builder, &parent);
    let context = parent.with_span(span);
    let _guard = context.clone().attach();
    let mut onward = HeaderMap::new();
    if at + 1 < SERVICES.len() {
        inject(&mut onward);
    }
    let text = |name: &str| onward.get(name).map_or("", |value| value.to_str().unwrap());
    let said = format!("{}|{}", text("traceparent"), text("tracestate"));
    (context.clone(), said)
}

fn end(at: usize, request: u64, context: &Context) {
    let _guard = context.clone().attach();
    if at == 1 {
        let call = llm_span("m", &[Message::user("q")]);
        call.record_usage(&Usage { input: Some(tokens(request)), output: Some(0), ..Usage::default() });
        if fate(request) == Fate::Flagged {
            assert!(bennu_sdk::keep_trace());
        }
    }
    if fate(request) == Fate::Fails(at) {
        context.span().set_status(Status::error("broken"));
    }
    context.span().end();
}

/// What arrived of a trace.
#[derive(Debug, Default)]
struct Arrived {
    /// Service and how many requests it stands for.
    weights: BTreeMap<String, f64>,
    reasons: Vec<String>,
    spans: usize,
    tokens: u64,
    failed: bool,
}

fn arrived(server: &TestServer) -> HashMap<String, Arrived> {
    let mut traces: HashMap<String, Arrived> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/v1/projects/p/spans?limit=1000{cursor}")).json();
        for span in page["data"].as_array().unwrap() {
            let trace = traces.entry(span["context"]["trace_id"].as_str().unwrap().to_owned()).or_default();
            let said = &span["attributes"];
            trace.spans += 1;
            trace.reasons.push(said["sampling.reason"].as_str().unwrap().to_owned());
            trace.tokens += said["llm.token_count.prompt"].as_u64().unwrap_or_default();
            trace.failed |= span["status_code"] == "ERROR";
            if let Some(probability) = said["sampling.probability"].as_f64() {
                trace.weights.insert(span["name"].as_str().unwrap().to_owned(), 1.0 / probability);
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return traces,
        }
    }
}

#[test]
fn a_hundred_thousand_requests_through_three_services_are_sampled_as_promised() {
    const BATCH: u64 = 1_000;
    let server = TestServer::start();
    let mut services: Vec<_> = (0..SERVICES.len()).map(|at| Service::start(at, &server.url(""))).collect();
    let mut ids = Vec::new();
    for batch in 0..REQUESTS / BATCH {
        let requests = batch * BATCH..(batch + 1) * BATCH;
        let mut onward = vec!["|".to_owned(); BATCH as usize];
        for (at, service) in services.iter_mut().enumerate() {
            let open = requests.clone().zip(&onward).map(|(request, said)| format!("open|{request}|{said}"));
            onward = service.ask(&open.collect::<Vec<_>>());
            if at == 0 {
                ids.extend(onward.iter().map(|said| said.split('-').nth(1).unwrap().to_owned()));
            }
        }
        let close: Vec<_> = requests.map(|request| format!("close|{request}")).collect();
        for service in services.iter_mut().rev() {
            service.ask(&close);
        }
    }
    let mut stats = Vec::new();
    let begun = Instant::now();
    for service in &mut services {
        // Every trace waits for the others, and then for nobody.
        stats.push(loop {
            assert!(begun.elapsed() < 10 * WINDOW, "traces are held for ever");
            let said: Value = serde_json::from_str(&service.ask(&["stats".to_owned()])[0]).unwrap();
            if said["held"] == 0 {
                break said;
            }
            std::thread::sleep(Duration::from_millis(200));
        });
    }
    for service in &mut services {
        service.orders.write_all(b"end\n").unwrap();
        assert!(service.process.wait().unwrap().success());
    }

    let traces = arrived(&server);
    // All services of one trace agree: whatever arrived is whole.
    for (id, trace) in &traces {
        assert_eq!((trace.spans, trace.weights.len()), (4, 3), "{id}: {trace:?}");
    }
    // Every error, every slow one and every flagged one is kept, and stands for itself alone.
    let (mut kept_for_a_reason, mut failed) = (0, 0);
    for (request, id) in ids.iter().enumerate() {
        let fate = fate(request as u64);
        if fate == Fate::Well {
            continue;
        }
        kept_for_a_reason += 1;
        let trace = traces.get(id).unwrap_or_else(|| panic!("request {request}, {fate:?}, is lost"));
        assert!(trace.weights.values().all(|weight| *weight == 1.0), "{fate:?}: {trace:?}");
        let reason = match fate {
            Fate::Fails(_) => "error",
            Fate::Slow => "slow",
            _ => "flagged",
        };
        assert!(trace.reasons.iter().all(|said| said == reason || said == "elsewhere"), "{trace:?}");
        failed += u64::from(matches!(fate, Fate::Fails(_)));
        assert_eq!(trace.failed, matches!(fate, Fate::Fails(_)));
    }
    // The rest is kept by chance, one in a hundred, and stands for a hundred.
    let by_chance = traces.len() - kept_for_a_reason;
    let rest = REQUESTS as f64 - kept_for_a_reason as f64;
    // Five standard deviations: one run in two million is further off.
    let off = |expected: f64, variance: f64, seen: f64, what: &str| {
        let deviations = (seen - expected) / variance.sqrt();
        println!("{what}: {seen} where {expected} is expected, {deviations:.2} standard deviations off");
        assert!(
            deviations.abs() < 5.0,
            "{what}: {seen}, expected {expected}, {deviations} standard deviations off"
        );
    };
    off(rest * RATIO, rest * RATIO * (1.0 - RATIO), by_chance as f64, "kept by chance");
    // Weighted totals match the truth.
    let scale = (1.0 - RATIO) / RATIO;
    let weight = |trace: &Arrived, service: &str| trace.weights[service];
    for service in SERVICES {
        let requests: f64 = traces.values().map(|trace| weight(trace, service)).sum();
        off(REQUESTS as f64, rest * scale, requests, &format!("requests by {service}"));
    }
    let errors: f64 =
        traces.values().filter(|trace| trace.failed).map(|trace| weight(trace, "gateway")).sum();
    assert_eq!(errors, failed as f64);
    let weighed: f64 = traces.values().map(|trace| weight(trace, "agent") * trace.tokens as f64).sum();
    let truth: u64 = (0..REQUESTS).map(tokens).sum();
    let well = (0..REQUESTS).filter(|request| fate(*request) == Fate::Well);
    let squares: f64 = well.map(|request| (tokens(request) as f64).powi(2)).sum();
    off(truth as f64, scale * squares, weighed, "tokens");
    // Decisions are counted by their reason.
    for (stats, service) in stats.iter().zip(SERVICES) {
        let count = |name: &str| stats[name].as_u64().unwrap();
        let kept = ["error", "slow", "flagged", "elsewhere", "probability"].map(count);
        println!("{service}: {stats}");
        assert_eq!(kept.iter().sum::<u64>() + count("dropped"), REQUESTS, "{stats}");
        assert_eq!(kept[..4].iter().sum::<u64>(), kept_for_a_reason as u64, "{stats}");
        assert_eq!(
            (kept[4], count("cut"), count("late"), count("lost")),
            (by_chance as u64, 0, 0, 0),
            "{stats}"
        );
    }
}
