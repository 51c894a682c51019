//! What is known about a trace before any content is read: its rows, its axis, and which span is looked at.

use std::collections::HashSet;

use bennu_model::{SpanId, Tokens};
use bennu_store::Trace;

use super::{
    axis::Axis,
    row::{Row, Rows},
    state::{TraceQuery, View},
    timing::{self, Timing},
    tree::Tree,
};
use crate::{
    error::Error,
    pages::{content, format},
    query,
};

/// Rows of one answer. The script asks for more as the reader scrolls; without it there are links.
pub(super) const WINDOW_ROWS: usize = 100;

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
    pub(super) selected: Option<SpanId>,
    /// The span that the URL asked for is not in the trace (any more, or yet).
    pub(super) missing: bool,
    /// Tokens owned below the selected span.
    pub(super) below: Tokens,
    /// Time of the selected span in which no child of it worked.
    pub(super) self_ns: u64,
}

/// The span whose time fills the axis, and the link to the whole trace.
pub(super) struct Zoom {
    pub(super) name: String,
    pub(super) out: String,
}

/// Computes away from the threads that answer others: a trace may have a hundred thousand spans. Gives the trace back.
pub(super) async fn of(trace: Trace, query: &TraceQuery, view: &View) -> Result<(Trace, Outline), Error> {
    let (query, view) = (query.clone(), view.clone());
    query::blocking(move || {
        let outline = compute(&trace, &query, &view);
        (trace, outline)
    })
    .await
}

fn compute(trace: &Trace, query: &TraceQuery, view: &View) -> Outline {
    let whole = (trace.row.start_ns, trace.row.end_ns);
    let tree = Tree::new(&trace.spans);
    let zoom = query.zoom.parse().ok().and_then(|zoom| tree.place(zoom));
    let shown_time = zoom.map_or(whole, |place| timing::bounds(&tree, place));
    let timing = Timing::new(&tree, whole, shown_time);
    let shown = tree.rows(view);
    let asked: Option<SpanId> = query.span.parse().ok().filter(|asked| tree.place(*asked).is_some());
    let first_found = || {
        let found = view.found.as_ref()?;
        let places = shown.iter().map(|(place, _)| tree.span(*place).span_id);
        places.into_iter().find(|id| found.contains(id))
    };
    let selected = asked.or_else(first_found).or_else(|| tree.interesting());
    let place = selected.and_then(|selected| tree.place(selected));
    let position = place.map_or(0, |place| shown.partition_point(|(shown, _)| *shown < place));
    let wanted = query.from.unwrap_or(position).min(shown.len().saturating_sub(1));
    let from = wanted / WINDOW_ROWS * WINDOW_ROWS;
    let rows = Rows {
        tree: &tree,
        timing: &timing,
        query,
        found: view.found.as_ref(),
        selected,
        trace: whole,
        axis: shown_time,
    };
    Outline {
        rows: shown
            .iter()
            .skip(from)
            .take(WINDOW_ROWS)
            .map(|(place, folded)| rows.row(*place, *folded))
            .collect(),
        from,
        total: shown.len(),
        found: view.found.as_ref().map(|found| told(found, &tree)),
        axis: Axis::new(&timing, whole, shown_time),
        zoom: zoom.map(|place| Zoom { name: content::name(&tree.span(place).name), out: query.zoomed(None) }),
        rows_state: query.rows_state(),
        missing: !query.span.is_empty() && asked.is_none(),
        below: selected.map(|selected| tree.owned_below(selected)).unwrap_or_default(),
        self_ns: place.map_or(0, |place| timing::self_ns(&tree, place)),
        selected,
    }
}

fn told(found: &HashSet<SpanId>, tree: &Tree<'_>) -> String {
    format!("{} of {} spans", format::count(found.len() as u64), format::count(tree.len() as u64))
}
