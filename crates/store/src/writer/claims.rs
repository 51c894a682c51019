//! Which of several spans that describe one call owns its tokens.
//!
//! Two libraries that trace the same call write two spans with the provider's same response id: parent and child, siblings,
//! or in traces of their own. They also overlap in time. Servers that answer every call with one constant id are common in
//! tests and self-hosted models, so the id alone is not enough: the claims of an id fall into groups of overlapping spans,
//! and each group has one winner: a span with messages before one without, then the first, then the least id.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use crate::{Result, recent::Recent};

/// Response ids remembered. Two libraries write about the same call within moments of each other.
const CAPACITY: usize = 100_000;
/// Claims remembered of one id; older ones are settled.
const MAX_CLAIMS: usize = 16;
/// Spans looked at when the program starts.
const WARM_SPANS: i64 = 20_000;

/// A span that reports usage under a response id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    // Fields in the order of preference.
    pub(crate) without_messages: bool,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) trace: i64,
    pub(crate) span_id: [u8; 8],
}

/// A change of who owns: the span and whether its usage now counts.
pub(crate) type Verdict = ((i64, [u8; 8]), bool);

#[derive(Debug)]
pub(crate) struct Claims(Recent<i64, Vec<Claim>>);

impl Default for Claims {
    fn default() -> Self {
        Claims(Recent::new(CAPACITY))
    }
}

impl Claims {
    /// Adds a claim. Returns whose verdict changed, the newcomer's always first.
    pub(crate) fn add(&mut self, response: i64, claim: Claim) -> Vec<Verdict> {
        let mut empty = Vec::new();
        let claims = self.0.get(&response).unwrap_or(&mut empty);
        let before = winners(claims);
        let id = (claim.trace, claim.span_id);
        claims.retain(|other| (other.trace, other.span_id) != id);
        claims.push(claim);
        if claims.len() > MAX_CLAIMS {
            claims.remove(0);
        }
        let after = winners(claims);
        let mut verdicts = vec![(id, after[&id])];
        verdicts.extend(
            after.into_iter().filter(|(other, wins)| *other != id && before.get(other) != Some(wins)),
        );
        if !empty.is_empty() {
            self.0.insert(response, empty);
        }
        verdicts
    }

    /// Forgets a deleted trace's claims and returns who inherits.
    pub(crate) fn remove_trace(&mut self, response: i64, trace: i64) -> Vec<Verdict> {
        let Some(claims) = self.0.get(&response) else { return Vec::new() };
        let before = winners(claims);
        claims.retain(|claim| claim.trace != trace);
        winners(claims).into_iter().filter(|(id, wins)| before.get(id) != Some(wins)).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Reads the newest claims, so that a restart between two spans of one call does not count it twice.
    pub(crate) fn warm(&mut self, connection: &Connection) -> Result<()> {
        let newest: Option<i64> =
            connection.query_row("SELECT max(id) FROM span", [], |row| row.get(0)).optional()?.flatten();
        let mut select = connection.prepare(
            "SELECT response, messages, start_ns, end_ns, trace, span_id FROM span \
             WHERE id > ? AND response IS NOT NULL ORDER BY id",
        )?;
        let mut rows = select.query([newest.unwrap_or(0) - WARM_SPANS])?;
        while let Some(row) = rows.next()? {
            let claim = Claim {
                without_messages: !row.get::<_, bool>(1)?,
                start_ns: row.get(2)?,
                end_ns: row.get(3)?,
                trace: row.get(4)?,
                span_id: row.get(5)?,
            };
            self.add(row.get(0)?, claim);
        }
        Ok(())
    }
}

/// For each claim whether it wins its group of overlapping spans.
fn winners(claims: &[Claim]) -> HashMap<(i64, [u8; 8]), bool> {
    let mut by_start: Vec<&Claim> = claims.iter().collect();
    by_start.sort_by_key(|claim| (claim.start_ns, *claim));
    let mut groups: Vec<(i64, Vec<&Claim>)> = Vec::new();
    for claim in by_start {
        match groups.last_mut() {
            Some((end_ns, group)) if claim.start_ns <= *end_ns => {
                *end_ns = claim.end_ns.max(*end_ns);
                group.push(claim);
            }
            _ => groups.push((claim.end_ns, vec![claim])),
        }
    }
    groups
        .iter()
        .flat_map(|(_, group)| {
            let winner = group.iter().min();
            group.iter().map(move |claim| ((claim.trace, claim.span_id), Some(claim) == winner))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(n: u8, messages: bool, start_ns: i64, end_ns: i64) -> Claim {
        Claim { without_messages: !messages, start_ns, end_ns, trace: i64::from(n), span_id: [n; 8] }
    }

    #[test]
    fn the_fuller_of_two_overlapping_spans_owns_in_either_order() {
        let (bare, full) = (claim(1, false, 0, 10), claim(2, true, 1, 9));
        let mut claims = Claims::default();
        assert_eq!(claims.add(7, bare.clone()), [((1, [1; 8]), true)]);
        assert_eq!(claims.add(7, full.clone()), [((2, [2; 8]), true), ((1, [1; 8]), false)]);
        let mut claims = Claims::default();
        claims.add(7, full);
        assert_eq!(claims.add(7, bare), [((1, [1; 8]), false)]);
        assert_eq!(claims.remove_trace(7, 2), [((1, [1; 8]), true)]);
    }

    #[test]
    fn calls_that_follow_each_other_under_a_constant_id_all_count() {
        let mut claims = Claims::default();
        for n in 0..100 {
            let start_ns = i64::from(n) * 100;
            assert_eq!(
                claims.add(7, claim(n, true, start_ns, start_ns + 50)),
                [((i64::from(n), [n; 8]), true)]
            );
        }
    }
}
