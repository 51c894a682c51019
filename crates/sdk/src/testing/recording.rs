//! Recording what some work does.

use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::{Duration, Instant},
};

use opentelemetry::trace::FutureExt;

use super::{Run, read, recorder::Begun};
use crate::setup;

/// How long spans that are open when the work is done are waited for. A server's span ends after its client has read the answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Does the work and keeps its spans: those that begin in it, in tasks that it spawns with [`carry`](crate::carry), and in servers of
/// this process that it calls with a `traceparent` ([`inject`](crate::inject)).
///
/// What it returns comes first. When it is done, spans that are still open are given half a second to end; those that do not are in the
/// run as still running. Work that panics prints what it did until then.
///
/// The work is a future, so what it does begins when it is polled. A span that begins while the argument is made is too early:
/// write `record(async { tool_span(…).trace(…).await })`. It is not below the span that is current where it is recorded, and its traces
/// are sampled, whatever the [ratio](crate::Builder::sample_ratio).
///
/// If nothing is started, or tracing has ended, spans are kept here and sent nowhere; a later
/// [`start`](crate::Builder::start) starts as usual. Tracing that ends while work is recorded takes the ends of open spans with it.
pub async fn record<F: Future>(work: F) -> (F::Output, Run) {
    setup::make_recordable();
    let begun = Recorded::new();
    let answer = work.with_context(begun.0.context()).await;
    begun.settle().await;
    let run = begun.run();
    (answer, run)
}

/// The same for work without `.await`.
///
/// ```
/// use bennu_sdk::{testing::record_sync, tool_span};
///
/// let ((), run) = record_sync(|| drop(tool_span("now", &serde_json::json!({"zone": "UTC"}))));
/// run.assert_tool_called("now", 1);
/// ```
pub fn record_sync<T>(work: impl FnOnce() -> T) -> (T, Run) {
    setup::make_recordable();
    let begun = Recorded::new();
    let answer = {
        let _guard = begun.0.context().attach();
        work()
    };
    begun.0.0.wait(PATIENCE);
    let run = begun.run();
    (answer, run)
}

/// A recording that shows itself when its work panics.
struct Recorded(Begun);

impl Recorded {
    fn new() -> Self {
        Recorded(Begun::new())
    }

    fn run(&self) -> Run {
        Run::new(self.0.spans().into_iter().map(read::span).collect())
    }

    /// Waits for open spans without holding up the runtime that may have to end them.
    async fn settle(&self) {
        let recording = &self.0.0;
        let deadline = Instant::now() + PATIENCE;
        let mut alarm_is_set = false;
        poll_fn(|task| {
            if recording.is_settled(task.waker()) || Instant::now() >= deadline {
                return Poll::Ready(());
            }
            // A thread, since which runtime polls this, if one does, is not known.
            if !std::mem::replace(&mut alarm_is_set, true) {
                let recording = recording.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
                    recording.wake();
                });
            }
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the recorded work panicked; until then it did:\n\n{}", self.run().tree());
        }
    }
}
