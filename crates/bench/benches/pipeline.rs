//! The steps of a request, each alone: `cargo bench -p bennu-bench [STEP]`. What is measured is 500 spans of `chat` unless the name
//! says otherwise; figures in docs/benchmarks.md.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]
#![expect(missing_docs, reason = "Criterion's macros")]

use std::hint::black_box;

use bennu::decode::{Batch as Decoded, Encoding, Signal, decode_all, derive, normalise};
use bennu_bench::{Generator, Shape};
use bennu_store::{Batch, Options, Store, TraceFilter};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const SPANS: usize = 500;
const NOW_NS: u64 = 1_790_000_000_000_000_000;
/// Requests in the store that is read.
const STORED: usize = 100;
const PROJECT: &str = "bench";

fn generator(shape: Shape) -> Generator {
    Generator::ending(1, shape, NOW_NS)
}

fn decoded(body: &[u8]) -> Decoded {
    decode_all(Signal::Traces, Encoding::Protobuf, body.to_vec().into()).unwrap()
}

fn prepared(store: &Store, body: &[u8]) -> Batch {
    let (mut preparer, mut batch) = (store.preparer(), Batch::default());
    for span in decoded(body).resources.into_iter().flat_map(|items| items.spans) {
        let summary = derive(&span, &[]);
        batch.spans.push(preparer.prepare(span, summary));
    }
    preparer.seal();
    batch
}

/// From bytes to spans, and from spans to what they mean.
fn decode(c: &mut Criterion) {
    let shapes =
        [("chat", Shape::Chat, SPANS), ("agent", Shape::Agent, 51), ("agent_json", Shape::AgentJson, 51)];
    for (name, shape, spans) in shapes {
        let body = generator(shape).request(spans).body;
        let mut group = c.benchmark_group("decode");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| b.iter(|| decoded(black_box(&body))));
        group.finish();

        let batch = decoded(&body);
        let mut group = c.benchmark_group("normalise");
        group.throughput(Throughput::Elements(spans as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                for span in batch.resources.iter().flat_map(|items| &items.spans) {
                    black_box(normalise(span, &[]));
                }
            });
        });
        group.finish();
    }
}

/// Hashing, cutting and compressing; then the writer's transaction with its sync.
fn append(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut generator = generator(Shape::Chat);
    let mut group = c.benchmark_group("store");
    group.throughput(Throughput::Elements(SPANS as u64));
    let body = generator.request(SPANS).body;
    group.bench_function("decode, derive and prepare", |b| b.iter(|| prepared(&store, black_box(&body))));
    group.bench_function("append", |b| {
        b.iter_batched(
            || prepared(&store, &generator.request(SPANS).body),
            |batch| runtime.block_on(store.append(PROJECT, batch, ())).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    drop(runtime);
    store.close();
}

/// What a page asks, of a store of 50,000 spans.
fn read(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let mut generator = generator(Shape::Chat);
    for _ in 0..STORED {
        let batch = prepared(&store, &generator.request(SPANS).body);
        runtime.block_on(store.append(PROJECT, batch, ())).unwrap();
    }
    let list = |filter: TraceFilter| runtime.block_on(store.traces(PROJECT, filter, None, 50)).unwrap();
    let traces: Vec<_> = list(TraceFilter::default()).traces;
    let mut group = c.benchmark_group("read");
    group.bench_function("list", |b| b.iter(|| list(TraceFilter::default())));
    let rare = TraceFilter { name: Some("nothing has this name".into()), ..TraceFilter::default() };
    group.bench_function("list by a name that nothing has", |b| b.iter(|| list(rare.clone())));
    group.bench_function("charts", |b| {
        b.iter(|| runtime.block_on(store.charts(PROJECT, TraceFilter::default(), 60)).unwrap());
    });
    let mut at = 0;
    group.bench_function("trace by id", |b| {
        b.iter(|| {
            at = (at + 1) % traces.len();
            runtime.block_on(store.trace(Some(PROJECT), traces[at].trace_id)).unwrap()
        });
    });
    group.bench_function("every span of a trace, whole", |b| {
        b.iter(|| {
            at = (at + 1) % traces.len();
            runtime.block_on(async {
                let ids = store.span_ids(traces[at].id).await.unwrap();
                store.part_of_spans(traces[at].id, ids, usize::MAX, false).await.unwrap()
            })
        });
    });
    group.finish();
    drop(runtime);
    store.close();
}

criterion_group!(pipeline, decode, append, read);
criterion_main!(pipeline);
