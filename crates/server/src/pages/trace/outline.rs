//! What is known about a trace before any content is read: its rows, its axis, and which span is looked at.

use std::{collections::HashSet, sync::Arc};

use bennu_model::{SpanId, Tokens};
use bennu_store::Trace;

use super::{
    axis::Axis,
    row::{Row, Rows},
    running::Running,
    state::{TraceQuery, View},
    timing::{self, Timing},
    tree::Tree,
};
use crate::{
    error::Error,
    pages::{content, format},
    query,
};

/// Rows of a part. The script asks for more as the reader scrolls (`rows.js` knows this number).
const WINDOW_ROWS: usize = 50;
/// Rows of a page: two windows, so that what is looked at is never at an edge.
pub(super) const PAGE_ROWS: usize = 2 * WINDOW_ROWS;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Page,
    Rows,
}

/// The rows of a window and what stands around them.
pub(super) struct Outline {
    pub(super) rows: Vec<Row>,
    /// First row of the window.
    pub(super) from: usize,
    /// Rows there are, with what is folded or filtered left out.
    pub(super) total: usize,
    /// Spans that contain what is searched for, if something is.
    pub(super) found: Option<String>,
    pub(super) axis: Axis,
    pub(super) zoom: Option<Zoom>,
    /// The part of the page's state that links keep.
    pub(super) rows_state: String,
}

/// The span that is looked at, in its place.
pub(super) struct SpanPlace {
    pub(super) selected: Option<SpanId>,
    /// The span that the URL asked for is not in the trace (any more, or yet).
    pub(super) missing: bool,
    /// Tokens owned below it.
    pub(super) below: Tokens,
    /// Time of it in which no child of it worked.
    pub(super) self_ns: u64,
}

/// The span whose time fills the axis, and the link to the whole trace.
pub(super) struct Zoom {
    pub(super) name: String,
    pub(super) out: String,
}

/// Computes away from the threads that answer others: a trace may have a hundred thousand spans. Gives the trace back.
pub(super) async fn of(
    trace: Trace,
    query: &TraceQuery,
    view: &View,
    running: &Running,
    part: Part,
) -> Result<(Arc<Trace>, Outline, SpanPlace), Error> {
    let (query, view, running) = (query.clone(), view.clone(), running.clone());
    query::blocking(move || {
        let tree = Tree::new(&trace.spans);
        let shown = tree.rows(&view);
        let place = place(&tree, &query, &view, &shown);
        let asked = Asked { query: &query, view: &view, running: &running, part };
        let outline = outline(&trace, &tree, &asked, &shown, &place);
        drop(tree);
        (Arc::new(trace), outline, place)
    })
    .await
}

/// Which span is looked at, alone.
pub(super) async fn place_of(
    trace: Trace,
    query: &TraceQuery,
    view: &View,
) -> Result<(Arc<Trace>, SpanPlace), Error> {
    let (query, view) = (query.clone(), view.clone());
    query::blocking(move || {
        let tree = Tree::new(&trace.spans);
        let place = place(&tree, &query, &view, &tree.rows(&view));
        drop(tree);
        (Arc::new(trace), place)
    })
    .await
}

fn place(tree: &Tree<'_>, query: &TraceQuery, view: &View, shown: &[(usize, bool)]) -> SpanPlace {
    let asked: Option<SpanId> = query.span.parse().ok().filter(|asked| tree.place(*asked).is_some());
    let first_found = || {
        let found = view.found.as_ref()?;
        shown.iter().map(|(place, _)| tree.span(*place).span_id).find(|id| found.contains(id))
    };
    let selected = asked.or_else(first_found).or_else(|| tree.interesting());
    let at = selected.and_then(|selected| tree.place(selected));
    SpanPlace {
        missing: !query.span.is_empty() && asked.is_none(),
        below: selected.map(|selected| tree.owned_below(selected)).unwrap_or_default(),
        self_ns: at.map_or(0, |place| timing::self_ns(tree, place)),
        selected,
    }
}

/// What an outline is made for.
struct Asked<'a> {
    query: &'a TraceQuery,
    view: &'a View,
    running: &'a Running,
    part: Part,
}

fn outline(
    trace: &Trace,
    tree: &Tree<'_>,
    asked: &Asked<'_>,
    shown: &[(usize, bool)],
    place: &SpanPlace,
) -> Outline {
    let Asked { query, view, running, part } = *asked;
    let whole = (trace.row.start_ns, trace.row.end_ns);
    let zoom = query.zoom.parse().ok().and_then(|zoom| tree.place(zoom));
    let shown_time = zoom.map_or(whole, |place| timing::bounds(tree, place));
    let timing = Timing::new(tree, whole, shown_time);
    let selected = place.selected.and_then(|selected| tree.place(selected));
    let position = selected.map_or(0, |place| shown.partition_point(|(shown, _)| *shown < place));
    let window = |row: usize| row.min(shown.len().saturating_sub(1)) / WINDOW_ROWS * WINDOW_ROWS;
    let from = query.from.map_or_else(|| window(position.saturating_sub(WINDOW_ROWS / 2)), window);
    let count = if part == Part::Page { PAGE_ROWS } else { WINDOW_ROWS };
    let rows = Rows {
        tree,
        timing: &timing,
        query,
        found: view.found.as_ref(),
        selected: place.selected,
        running,
        trace: whole,
        axis: shown_time,
    };
    Outline {
        rows: shown.iter().skip(from).take(count).map(|(place, folded)| rows.row(*place, *folded)).collect(),
        from,
        total: shown.len(),
        found: view.found.as_ref().map(|found| told(found, tree)),
        axis: Axis::new(&timing, whole, shown_time),
        zoom: zoom.map(|place| Zoom { name: content::name(&tree.span(place).name), out: query.zoomed(None) }),
        rows_state: query.rows_state(),
    }
}

fn told(found: &HashSet<SpanId>, tree: &Tree<'_>) -> String {
    format!("{} of {} spans", format::count(found.len() as u64), format::count(tree.len() as u64))
}
