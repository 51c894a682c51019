//! `bennu demo`: a real agent asks a question, and its trace is shown.
//!
//! - `traffic`, `past`: a week of requests before that.

mod past;
mod traffic;

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bennu_sdk::{Guard, init_tracing};
use bennu_stack::{Stack, settings::Settings};
use serde_json::Value;

use crate::{
    config::Config,
    serve::{self, Server},
};

const QUESTION: &str = "Compare Postgres and SQLite for a small Django app's database.";
const PROJECT: &str = "demo";

/// Runs it: with a server of its own, or with the one that has the port already. `once`: ends after; else serves on. `requests`: so
/// many are made up before.
///
/// # Errors
/// When there is no server and none can be started, or when the trace does not arrive.
pub async fn run(config: Config, once: bool, requests: usize) -> anyhow::Result<()> {
    let token = config.token.as_ref().map(|token| token.0.clone());
    let (base, server) = match Server::start(config.clone()).await {
        Ok(server) => {
            let address = server.addresses().http;
            if !once {
                serve::greet(&server);
            }
            (format!("http://{}", reachable(address)), Some(server))
        }
        Err(error) => {
            let number = config.port.number().unwrap_or_default();
            let base = format!("http://{}", reachable(SocketAddr::new(config.host, number)));
            if !is_bennu(&base).await {
                return Err(error);
            }
            say(&format!("{base} is bennu already; the demo goes there."));
            (base, None)
        }
    };
    let Some(server) = server else { return everything(&base, token, requests).await };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run_until(async {
        tokio::select! {
            // Told, or let go of.
            _ = stopped => {}
            () = serve::stop_signal() => {}
        }
    }));
    let shown = everything(&base, token, requests).await;
    if once || shown.is_err() {
        drop(stop);
        serving.await??;
        return shown;
    }
    say("Serving on; Ctrl-C ends it.");
    let ended = serving.await?;
    drop(stop);
    ended
}

/// An address to ask at: one that is bound everywhere is here, too.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, v6.port()))
        }
        other => other,
    }
}

async fn is_bennu(base: &str) -> bool {
    let url = format!("{base}/healthz");
    let asked = tokio::task::spawn_blocking(move || {
        let response = ureq::get(&url).config().timeout_global(Some(Duration::from_secs(2))).build().call();
        response.is_ok_and(|response| {
            let named = response.headers().get("server").and_then(|name| name.to_str().ok());
            named.is_some_and(|name| name.starts_with("bennu/"))
        })
    });
    asked.await.unwrap_or(false)
}

async fn everything(base: &str, token: Option<String>, requests: usize) -> anyhow::Result<()> {
    if requests > 0 {
        say(&format!("{requests} requests of six people over the past week, by the offline stand-in:"));
        let relay = past::start(base, traffic::SPAN).await?;
        // Spans come in bursts that no application has.
        let tracing = begin(&format!("http://{relay}"), token.as_deref()).max_queued_spans(100_000);
        let guard = tracing.start()?;
        traffic::make(requests).await?;
        end(guard).await?;
        say(&format!("{base}/projects/{PROJECT}/traces"));
    }
    show(base, token).await
}

/// Tracing of the demo's project.
fn begin(endpoint: &str, token: Option<&str>) -> bennu_sdk::Builder {
    let tracing = init_tracing("bennu-demo").endpoint(endpoint).project(PROJECT);
    match token {
        Some(token) => tracing.api_key(token),
        None => tracing,
    }
}

/// Waits until everything is sent; that is done by a thread that blocks.
async fn end(guard: Guard) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let stats = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        loop {
            bennu_sdk::flush();
            let stats = bennu_sdk::stats();
            if stats.exported + stats.lost >= stats.ended || begun.elapsed() > PATIENCE {
                drop(guard);
                return stats;
            }
        }
    });
    let stats = stats.await?;
    if stats.exported < stats.ended {
        say(&format!("{} of {} spans did not arrive.", stats.ended - stats.exported, stats.ended));
    }
    Ok(())
}

/// Runs the agent, waits for its trace, prints both.
async fn show(base: &str, token: Option<String>) -> anyhow::Result<()> {
    let guard = begin(base, token.as_deref()).start()?;
    let settings = Settings::from_environment();
    let stands_in = settings.base_url.is_none();
    let stack = Stack::start(settings).await?;
    say(&format!("\n> {QUESTION}\n"));
    let answer = stack.agent.run(QUESTION, &[]).await?;
    say(&format!("{}\n", answer.text));
    if stands_in {
        say(
            "(The model is an offline stand-in: OPENAI_BASE_URL, OPENAI_API_KEY and MODEL name a real one.)\n",
        );
    }
    end(guard).await?;
    let trace = fetch(format!("{base}/v1/traces/{}", answer.trace_id), token).await?;
    let spans = trace["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    tree(spans).iter().for_each(|line| say(line));
    say(&format!("\nTrace {}: {base}/traces/{}", answer.trace_id, answer.trace_id));
    Ok(())
}

async fn fetch(url: String, token: Option<String>) -> anyhow::Result<Value> {
    let fetched = tokio::task::spawn_blocking(move || {
        let mut request = ureq::get(&url);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let text = request.call()?.body_mut().read_to_string()?;
        anyhow::Ok(serde_json::from_str::<Value>(&text)?)
    });
    let trace = fetched.await?.context("the trace did not arrive; was the server stopped meanwhile?")?;
    if trace["spans"].as_array().is_none_or(Vec::is_empty) {
        bail!("the trace arrived without spans");
    }
    Ok(trace)
}

/// A line for each span, below its parent: name, duration, tokens or what failed.
fn tree(spans: &[Value]) -> Vec<String> {
    let mut below: HashMap<Option<&str>, Vec<&Value>> = HashMap::new();
    let ids: Vec<&str> = spans.iter().filter_map(|span| span["span_id"].as_str()).collect();
    for span in spans {
        let parent = span["parent_id"].as_str().filter(|parent| ids.contains(parent));
        below.entry(parent).or_default().push(span);
    }
    for siblings in below.values_mut() {
        siblings.sort_by_key(|span| span["start_ns"].as_str().and_then(|start| start.parse::<u64>().ok()));
    }
    let mut lines = Vec::new();
    let mut open: Vec<(&Value, usize)> =
        below.remove(&None).unwrap_or_default().into_iter().rev().map(|root| (root, 0)).collect();
    while let Some((span, depth)) = open.pop() {
        lines.push(line(span, depth));
        let children = below.remove(&span["span_id"].as_str()).unwrap_or_default();
        open.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
    }
    lines
}

fn line(span: &Value, depth: usize) -> String {
    let name = format!("{:indent$}{}", "", span["name"].as_str().unwrap_or_default(), indent = 2 * depth);
    let ms = span["duration_ms"].as_f64().unwrap_or_default();
    let duration = if ms >= 1_000.0 { format!("{:.1} s ", ms / 1_000.0) } else { format!("{ms:.0} ms") };
    let tokens = |side: &str| span["usage"][side].as_u64();
    let note = match (span["status"].as_str(), tokens("input"), tokens("output")) {
        (Some("ERROR"), ..) => format!("  {}", span["status_message"].as_str().unwrap_or("failed")),
        (_, Some(input), Some(output)) => format!("  {input} -> {output} tokens"),
        _ => match span["documents"].as_array().map_or(0, Vec::len) {
            0 => String::new(),
            chunks => format!("  {chunks} chunks"),
        },
    };
    format!("{name:<44}{duration:>9}{note}").trim_end().to_owned()
}

/// What the program says to who runs it; whether anybody reads it does not matter.
fn say(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), format!("{text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_has_a_line_for_every_span() {
        let span = |id: &str, parent: Option<&str>, name: &str, start: u64| json!({"span_id": id, "parent_id": parent, "name": name, "start_ns": start.to_string(), "duration_ms": 12.4, "status": "OK"});
        let mut failed = span("4", Some("1"), "tool.now", 3);
        failed["status"] = json!("ERROR");
        failed["status_message"] = json!("no clock");
        let mut call = span("2", Some("1"), "llm.chat", 2);
        call["usage"] = json!({"input": 7, "output": 3});
        let spans = [
            failed,
            span("3", Some("4"), "retrieval", 4),
            call,
            span("1", None, "agent.run", 1),
            span("9", Some("gone"), "lost", 9),
        ];
        let lines = tree(&spans);
        let words: Vec<String> =
            lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            words,
            [
                "agent.run 12 ms",
                "llm.chat 12 ms 7 -> 3 tokens",
                "tool.now 12 ms no clock",
                "retrieval 12 ms",
                "lost 12 ms"
            ]
        );
        assert!(lines[3].starts_with("    retrieval"));
    }
}
