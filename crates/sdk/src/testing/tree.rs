//! Runs as people read them.

use std::collections::HashSet;

use super::{Run, Span, words};

/// Documents of a span that are named.
const DOCUMENTS: usize = 6;
/// Characters of an error.
const ERROR: usize = 120;

/// A line of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Levels above it that are shown.
    pub(super) depth: usize,
    /// Its span's place in the run.
    pub(super) place: usize,
}

/// A row for every span, each below its parent, in order of start.
pub(super) fn rows(run: &Run) -> Vec<Row> {
    let mut rows = Vec::with_capacity(run.spans().len());
    let mut left: Vec<Row> = run.roots().into_iter().rev().map(|place| Row { depth: 0, place }).collect();
    while let Some(row) = left.pop() {
        rows.push(row);
        left.extend(
            run.children(row.place).iter().rev().map(|place| Row { depth: row.depth + 1, place: *place }),
        );
    }
    rows
}

/// The rows, a line each; spans whose places are marked have a `>` before them.
pub(super) fn draw(run: &Run, rows: &[Row], marked: &HashSet<usize>) -> String {
    if rows.is_empty() {
        return "  (no spans: nothing that was recorded began one; a task needs `carry`, a request to a server a span that it is sent from)\n".to_owned();
    }
    let mut lines = Vec::with_capacity(rows.len());
    // From below: whether something follows on a level is what has been seen of it since the last row above that level.
    let mut follows: Vec<bool> = Vec::new();
    for row in rows.iter().rev() {
        follows.resize(row.depth + 1, false);
        let mut line = String::from(if marked.contains(&row.place) { "> " } else { "  " });
        for (level, follows) in follows.iter().enumerate().skip(1) {
            line.push_str(match (level == row.depth, *follows) {
                (true, true) => "├─ ",
                (true, false) => "└─ ",
                (false, true) => "│  ",
                (false, false) => "   ",
            });
        }
        follows[row.depth] = true;
        line.push_str(&text(run, row.place));
        line.push('\n');
        lines.push(line);
    }
    lines.reverse();
    lines.concat()
}

fn text(run: &Run, place: usize) -> String {
    let span = &run.spans()[place];
    let mut head = format!("{} {}", if span.is("UNKNOWN") { "SPAN" } else { &span.kind }, span.label());
    match &span.model {
        Some(model) if !head.ends_with(model.as_str()) => head.push_str(&format!(" {model}")),
        _ => {}
    }
    head.push_str(&words::arguments(span.arguments()));
    let mut parts = vec![head, span.duration.map_or("still running".to_owned(), words::duration)];
    parts.extend(tokens(span));
    // Who wants tools called has stopped for that.
    parts.extend(wanted(span).or(Some(span.finish_reasons.join(", "))).filter(|said| !said.is_empty()));
    parts.extend(documents(span));
    parts.extend(span.error.as_ref().map(|error| format!("ERROR {}", words::cut(error, ERROR))));
    if let Some(parent) = &span.parent_id
        && run.above(place).next().is_none()
    {
        parts.push(format!("below {parent}, which is not in this run"));
    }
    parts.join(" · ")
}

fn tokens(span: &Span) -> Option<String> {
    Some(match (span.usage.input, span.usage.output) {
        (Some(input), Some(output)) => format!("{input} + {output} tokens"),
        _ => format!("{} tokens", span.tokens()?),
    })
}

/// Tools that the model asked for.
fn wanted(span: &Span) -> Option<String> {
    let names: Vec<&str> =
        span.output_messages.iter().flat_map(|message| &message.tool_calls).map(|call| &*call.name).collect();
    (!names.is_empty()).then(|| format!("wants {}", names.join(", ")))
}

fn documents(span: &Span) -> Option<String> {
    let shows = !span.documents.is_empty() || (span.is("RETRIEVER") && span.duration.is_some());
    let ids: Vec<&str> =
        span.documents.iter().map(|document| document.id.as_deref().unwrap_or("(no id)")).collect();
    shows.then(|| match ids.len() {
        0 => "no documents".to_owned(),
        some => format!("{}: {}", words::count(some, "document"), words::list(&ids, DOCUMENTS)),
    })
}
