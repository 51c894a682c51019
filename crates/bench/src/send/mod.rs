//! Sends traffic over some connections and says when each request was acknowledged.

mod queue;
mod http;
mod grpc;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use bennu_bench::{Generator, Request};
use prost::Message;

use queue::{Due, Queue};

/// Requests that wait take no more than this: made before the clock starts without `--rate`, ahead of time with it.
const CHUNK_BYTES: usize = 256 << 20;
/// A server that is full is asked again for so long; the wait is part of the acknowledgement's latency.
const RETRY_FOR: Duration = Duration::from_secs(120);
/// The last requests of a run whose spans are waited for.
const LAST: usize = 64;

/// Where and how traffic goes.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) target: Target,
    pub(crate) connections: usize,
    /// Spans a request.
    pub(crate) batch: usize,
    /// Spans in all.
    pub(crate) spans: usize,
    /// Spans a second; without it as fast as they are acknowledged.
    pub(crate) rate: Option<f64>,
}

/// The transport, with the URL of OTLP/HTTP's traces or of the gRPC port.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Http(String),
    Grpc(String),
}

/// One acknowledged request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ack {
    /// When, since the clock started; the clock stands while requests are made.
    pub(crate) at: Duration,
    /// How long it took: from when it was sent, or with a rate from when it was due.
    pub(crate) took: Duration,
    pub(crate) spans: usize,
    pub(crate) bytes: usize,
}

/// What became of a run.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// In the order of time.
    pub(crate) acks: Vec<Ack>,
    /// How long the clock ran.
    pub(crate) took: Duration,
    /// Times that the server said it was full and a request was sent again.
    pub(crate) retries: usize,
    /// Trace id and span id of the last span of the last requests.
    pub(crate) last: Vec<(String, String)>,
}

/// What a server said to a request.
enum Answer {
    Taken,
    /// It is full; again after so long if it said so.
    Full(Option<Duration>),
}

/// A connection of its own to the server.
trait Connection: Send {
    fn export(&mut self, body: &bytes::Bytes) -> anyhow::Result<Answer>;
}

impl Target {
    fn connect(&self) -> anyhow::Result<Box<dyn Connection>> {
        Ok(match self {
            Target::Http(url) => Box::new(http::Http::new(url)),
            Target::Grpc(url) => Box::new(grpc::Grpc::connect(url)?),
        })
    }
}

/// Sends what the generator makes until all is sent or `stop` is set.
///
/// # Errors
/// A request that was not taken ends the run.
pub(crate) fn send(load: &Load, generator: &mut Generator, stop: &AtomicBool) -> anyhow::Result<Sent> {
    let mut connections = Vec::new();
    for _ in 0..load.connections.max(1) {
        connections.push(load.target.connect()?);
    }
    let mut sent = Sent::default();
    let mut left = load.spans;
    if let Some(rate) = load.rate {
        let mut made = 0;
        let queue = Queue::new(CHUNK_BYTES);
        // Some are ready before the first is due.
        fill(load, generator, &mut left, CHUNK_BYTES / 8, |request| {
            sent.remember(&request);
            made += request.spans;
            let due = Duration::from_secs_f64((made - request.spans) as f64 / rate);
            queue.push(Due { request, due: Some(due) });
        });
        let last = thread::scope(|scope| {
            let making = scope.spawn(|| {
                let mut last = Sent::default();
                while left > 0 && !stop.load(Ordering::Relaxed) && !queue.is_aborted() {
                    let request = generator.request(load.batch.min(left));
                    left -= request.spans;
                    last.remember(&request);
                    let due = Duration::from_secs_f64(made as f64 / rate);
                    made += request.spans;
                    queue.push(Due { request, due: Some(due) });
                }
                queue.close();
                last.last
            });
            let drained = drain_all(&mut connections, &queue, Duration::ZERO, stop, &mut sent);
            let last = making.join().map_err(|_| anyhow::anyhow!("the maker of requests panicked"))?;
            drained.map(|()| last)
        })?;
        sent.last.extend(last);
    } else {
        while left > 0 && !stop.load(Ordering::Relaxed) {
            let queue = Queue::new(usize::MAX);
            fill(load, generator, &mut left, CHUNK_BYTES, |request| {
                sent.remember(&request);
                queue.push(Due { request, due: None });
            });
            queue.close();
            let before = sent.took;
            drain_all(&mut connections, &queue, before, stop, &mut sent)?;
        }
    }
    sent.acks.sort_unstable_by_key(|ack| ack.at);
    sent.last.drain(..sent.last.len().saturating_sub(LAST));
    Ok(sent)
}

/// Makes requests up to about so many bytes.
fn fill(
    load: &Load,
    generator: &mut Generator,
    left: &mut usize,
    bytes: usize,
    mut take: impl FnMut(Request),
) {
    let mut made = 0;
    while *left > 0 && made < bytes {
        let request = generator.request(load.batch.max(1).min(*left));
        *left -= request.spans;
        made += request.body.len();
        take(request);
    }
}

/// All connections at once, until the queue is empty.
fn drain_all(
    connections: &mut [Box<dyn Connection>],
    queue: &Queue,
    before: Duration,
    stop: &AtomicBool,
    sent: &mut Sent,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter_mut()
            .map(|connection| {
                scope.spawn(move || {
                    let part = drain(connection.as_mut(), queue, begun, before, stop);
                    if part.is_err() {
                        queue.abort();
                    }
                    part
                })
            })
            .collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    sent.took += begun.elapsed();
    for part in parts {
        let part = part.map_err(|_| anyhow::anyhow!("a sender panicked"))??;
        sent.acks.extend(part.acks);
        sent.retries += part.retries;
    }
    Ok(())
}

fn drain(
    connection: &mut dyn Connection,
    queue: &Queue,
    begun: Instant,
    before: Duration,
    stop: &AtomicBool,
) -> anyhow::Result<Sent> {
    let mut sent = Sent::default();
    while let Some(Due { request, due }) = queue.pop() {
        if stop.load(Ordering::Relaxed) {
            queue.abort();
            break;
        }
        if let Some(due) = due {
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        // Open loop: what waits because the connections are busy is late, and that is the server's time.
        let from = due.unwrap_or_else(|| begun.elapsed());
        let (spans, bytes) = (request.spans, request.body.len());
        let body = bytes::Bytes::from(request.body);
        let mut pause = Duration::from_millis(20);
        let since = Instant::now();
        while let Answer::Full(after) = connection.export(&body)? {
            ensure!(since.elapsed() < RETRY_FOR, "the server has said for {RETRY_FOR:?} that it is full");
            sent.retries += 1;
            thread::sleep(after.unwrap_or(pause).min(Duration::from_secs(2)));
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        let ended = begun.elapsed();
        sent.acks.push(Ack { at: before + ended, took: ended.saturating_sub(from), spans, bytes });
    }
    Ok(sent)
}

impl Sent {
    pub(crate) fn spans(&self) -> usize {
        self.acks.iter().map(|ack| ack.spans).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.acks.iter().map(|ack| ack.bytes).sum()
    }

    fn remember(&mut self, request: &Request) {
        if self.last.len() >= LAST * 2 {
            self.last.drain(..LAST);
        }
        self.last.push(request.last_span.clone());
    }
}

/// `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Reply {
    #[prost(message, optional, tag = "1")]
    partial: Option<Partial>,
}

#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
    #[prost(string, tag = "2")]
    message: String,
}

/// Refuses a reply that says that spans were refused: a benchmark of refusals would be worthless.
fn check(reply: &[u8]) -> anyhow::Result<()> {
    // What is no protobuf comes from a server that says nothing of use with its status of success.
    let partial = Reply::decode(reply).unwrap_or_default().partial.unwrap_or_default();
    ensure!(
        partial.rejected_spans == 0,
        "{} spans of a request were refused: {}",
        partial.rejected_spans,
        partial.message
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_spans_are_an_error() {
        let reply = |rejected_spans| {
            Reply { partial: Some(Partial { rejected_spans, message: "too old".into() }) }.encode_to_vec()
        };
        assert!(check(&[]).is_ok());
        assert!(check(&reply(0)).is_ok());
        assert!(
            check(&reply(3)).unwrap_err().to_string().contains("3 spans of a request were refused: too old")
        );
    }
}
