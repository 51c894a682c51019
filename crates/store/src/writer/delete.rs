//! Deletes a trace, or a project with everything in it. What only they referred to is collected by the sweep afterwards.

use bennu_model::TraceId;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::{State, logs, traces::add_to_project, usage::Nodes};
use crate::Result;

/// Traces deleted in one turn of the writer; callers with spans have theirs in between.
const CHUNK: usize = 200;

/// Deletes some and returns how many traces there were, and whether that was all. An unknown project or trace is not an error:
/// nothing is there either way.
pub(crate) fn delete(
    connection: &mut Connection,
    state: &mut State,
    project: &str,
    trace: Option<TraceId>,
) -> Result<(usize, bool)> {
    let find = "SELECT id FROM project WHERE name = ?";
    let Some(project) = connection.query_row(find, [project], |row| row.get::<_, i64>(0)).optional()? else {
        return Ok((0, true));
    };
    // Deleted rows must not be taken for living ones.
    state.traces.clear();
    state.shapes.clear();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let traces: Vec<i64> = match trace {
        Some(id) => {
            rows(&transaction, "SELECT id FROM trace WHERE project = ?1 AND trace_id = ?2", (project, id.0))?
        }
        None => {
            rows(&transaction, "SELECT id FROM trace WHERE project = ?1 LIMIT ?2", (project, CHUNK as i64))?
        }
    };
    for trace in &traces {
        delete_trace(&transaction, state, project, *trace)?;
    }
    let done = trace.is_some() || traces.len() < CHUNK;
    if done && trace.is_none() {
        transaction.execute("DELETE FROM project WHERE id = ?", [project])?;
        transaction.execute("DELETE FROM shape WHERE project = ?", [project])?;
    }
    transaction.commit()?;
    Ok((traces.len(), done))
}

fn rows(transaction: &Transaction<'_>, sql: &str, params: impl rusqlite::Params) -> Result<Vec<i64>> {
    let mut select = transaction.prepare_cached(sql)?;
    let ids = select.query_map(params, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(ids)
}

fn delete_trace(transaction: &Transaction<'_>, state: &mut State, project: i64, trace: i64) -> Result<()> {
    let (trace_id, total) = transaction.query_row(
        "SELECT spans, errors > 0, input_tokens + output_tokens + unsplit_tokens, trace_id FROM trace WHERE id = ?",
        [trace],
        |row| {
            let total = [-1, -row.get::<_, i64>(0)?, -row.get::<_, i64>(1)?, -row.get::<_, i64>(2)?, 0];
            Ok((TraceId(row.get(3)?), total))
        },
    )?;
    let responses =
        rows(transaction, "SELECT response FROM span WHERE trace = ? AND response IS NOT NULL", [trace])?;
    for table in ["span", "usage", "link", "offer"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE trace = ?"), [trace])?;
    }
    transaction.execute("DELETE FROM trace WHERE id = ?", [trace])?;
    logs::delete(transaction, trace_id)?;
    add_to_project(transaction, project, total)?;
    inherit(transaction, state, trace, responses)
}

/// Spans elsewhere that describe the same calls now own their tokens.
fn inherit(transaction: &Transaction<'_>, state: &mut State, trace: i64, responses: Vec<i64>) -> Result<()> {
    let mut nodes = Nodes::default();
    for response in responses {
        for (id, counts) in state.claims.remove_trace(response, trace) {
            nodes.judge(transaction, id, counts)?;
        }
    }
    let owned = nodes.flush(transaction)?;
    super::traces::Traces::default().flush(transaction, &mut state.shapes, owned)
}
