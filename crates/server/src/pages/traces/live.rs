//! New traces as they come, by server-sent events. Each event is a row of the list, new or changed.
//!
//! The store says that something changed; the list is asked again at most once in [`PERIOD`], and rows that are not as they were
//! are sent. A list without readers costs nothing, and a burst costs one question.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
};
use bennu_store::TraceRow;
use futures_util::stream;
use tokio::sync::watch;

use super::{PAGE_ROWS, columns::Column, list_columns, query::ListQuery, row};
use crate::{
    app::App,
    error::{Code, Error},
    pages::{Page, asked::Asked},
};

/// The least time between two looks at the list.
const PERIOD: Duration = Duration::from_millis(700);
/// Lists that are live at once.
const MAX_READERS: usize = 64;

static READERS: AtomicUsize = AtomicUsize::new(0);

/// Counts itself out when the reader has gone.
struct Reader;

impl Reader {
    fn new() -> Result<Reader, Error> {
        if READERS.fetch_add(1, Ordering::Relaxed) >= MAX_READERS {
            READERS.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::new(Code::Busy, format!("{MAX_READERS} lists are live already")));
        }
        Ok(Reader)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        READERS.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Live {
    app: App,
    project: String,
    query: ListQuery,
    columns: Vec<Column>,
    changes: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    /// What was sent of each trace. Nothing at first: what the page shows is not known here, so the first change sends every row,
    /// and the page replaces those it has.
    known: HashMap<i64, TraceRow>,
    /// Rows still to send.
    waiting: Vec<String>,
    first: bool,
    /// How long the last look took.
    took: Duration,
    _reader: Reader,
}

pub(in crate::pages) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Asked(query): Asked<ListQuery>,
    headers: HeaderMap,
) -> Page {
    query.filter()?;
    let live = Live {
        columns: list_columns(&query, &headers),
        changes: app.store.changes(),
        stopping: app.stopping(),
        known: HashMap::new(),
        waiting: Vec::new(),
        first: true,
        took: Duration::ZERO,
        _reader: Reader::new()?,
        app,
        project,
        query,
    };
    let events = stream::unfold(live, |live| async move {
        let (row, live) = live.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("trace").data(row)), live))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))).into_response())
}

impl Live {
    /// The next row; `None` when the program stops or the question fails.
    async fn next(mut self) -> Option<(String, Live)> {
        loop {
            if let Some(row) = self.waiting.pop() {
                return Some((row, self));
            }
            self.wait().await?;
            self.look().await?;
        }
    }

    /// Until something changed that the page does not show.
    async fn wait(&mut self) -> Option<()> {
        let now = *self.changes.borrow_and_update();
        if std::mem::take(&mut self.first) && self.query.changes != Some(now) {
            return Some(());
        }
        // A question that takes long is asked less often.
        let rest = PERIOD.max(self.took * 10);
        let changed = async {
            tokio::time::sleep(rest).await;
            self.changes.changed().await
        };
        tokio::select! {
            changed = changed => changed.ok(),
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
        }
    }

    async fn look(&mut self) -> Option<()> {
        // Asked anew: "the last hour" moves on.
        let filter = self.query.filter().ok()?;
        let begun = tokio::time::Instant::now();
        let page = self.app.store.traces(&self.project, filter, None, PAGE_ROWS).await.ok()?;
        self.took = begun.elapsed();
        let longest = page.traces.iter().map(TraceRow::duration_ns).max().unwrap_or(0);
        let mut known = HashMap::with_capacity(page.traces.len());
        // Sent from the last of these: the oldest first, so that rows come in their order.
        for trace in page.traces {
            if self.known.get(&trace.id) != Some(&trace) {
                self.waiting.push(row::view(trace.clone(), longest, &self.columns).render().ok()?);
            }
            known.insert(trace.id, trace);
        }
        self.known = known;
        Some(())
    }
}
