//! Which of several spans that describe one call owns its tokens.
//!
//! Two libraries that trace the same call write two spans with the provider's same response id: parent and child, siblings,
//! or in traces of their own. The id alone is not enough: servers that answer every call with one constant id are common in
//! tests and self-hosted models. So spans are taken for one call only if they also overlap in time and come from different
//! instrumentation scopes (one library writes one span a call), those of one trace before those of two, and over traces only
//! if their tokens are nearly equal. Of a call's spans one wins: with messages before without, then the first, then the least id.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::usage_row::decode_usage;
use crate::{Result, recent::Recent};

/// Response ids remembered. Two libraries write about the same call within moments of each other.
const CAPACITY: usize = 100_000;
/// Claims remembered of one id; those that ended first are settled.
const MAX_CLAIMS: usize = 64;
/// Spans looked at when the program starts.
const WARM_SPANS: i64 = 20_000;

/// Trace row id and span id.
type Claimant = (i64, [u8; 8]);

/// A span that reports usage under a response id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    // Fields in the order of preference.
    pub(crate) without_messages: bool,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) span_id: [u8; 8],
    /// The trace's row: the order of arrival, for spans that have everything else alike.
    pub(crate) trace: i64,
    /// Hash of the instrumentation scope.
    pub(crate) scope: i64,
    /// Tokens reported in all.
    pub(crate) total: u64,
}

impl Claim {
    fn id(&self) -> Claimant {
        (self.trace, self.span_id)
    }

    fn overlaps(&self, other: &Claim) -> bool {
        self.start_ns <= other.end_ns && other.start_ns <= self.end_ns
    }
}

/// A change of who owns: the span and whether its usage now counts.
pub(crate) type Verdict = (Claimant, bool);

#[derive(Debug)]
pub(crate) struct Claims(Recent<i64, Vec<Claim>>);

impl Default for Claims {
    fn default() -> Self {
        Claims(Recent::new(CAPACITY))
    }
}

impl Claims {
    /// Adds a claim. Returns the newcomer's verdict and whose changed.
    pub(crate) fn add(&mut self, response: i64, claim: Claim) -> Vec<Verdict> {
        let id = claim.id();
        let mut verdicts = self.change(response, |claims| {
            claims.retain(|other| other.id() != id);
            claims.push(claim);
        });
        if let Some(claims) = self.0.get(&response) {
            if !verdicts.iter().any(|(other, _)| *other == id) {
                // Its verdict is what it was for its earlier version.
                verdicts.push((id, verdicts_of(claims).get(&id).copied().unwrap_or(true)));
            }
            // After the verdicts: the call that is forgotten may be the newcomer's.
            if claims.len() > MAX_CLAIMS {
                settle_oldest(claims);
            }
        }
        verdicts
    }

    /// Whether a span's claim is remembered.
    pub(crate) fn has(&mut self, response: i64, id: Claimant) -> bool {
        self.0.get(&response).is_some_and(|claims| claims.iter().any(|claim| claim.id() == id))
    }

    /// Takes back the claim of a span whose newer version makes another or none.
    pub(crate) fn withdraw(&mut self, response: i64, id: Claimant) -> Vec<Verdict> {
        self.change(response, |claims| claims.retain(|claim| claim.id() != id))
    }

    /// Forgets a deleted trace's claims and returns who inherits.
    pub(crate) fn remove_trace(&mut self, response: i64, trace: i64) -> Vec<Verdict> {
        self.change(response, |claims| claims.retain(|claim| claim.trace != trace))
    }

    fn change(&mut self, response: i64, apply: impl FnOnce(&mut Vec<Claim>)) -> Vec<Verdict> {
        let mut claims = self.0.get(&response).map(std::mem::take).unwrap_or_default();
        let before = verdicts_of(&claims);
        apply(&mut claims);
        let after = verdicts_of(&claims);
        self.0.insert(response, claims);
        after.into_iter().filter(|(id, wins)| before.get(id) != Some(wins)).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Reads the newest claims, so that a restart between two spans of one call does not count it twice.
    pub(crate) fn warm(&mut self, connection: &Connection) -> Result<()> {
        let newest: Option<i64> =
            connection.query_row("SELECT max(id) FROM span", [], |row| row.get(0)).optional()?.flatten();
        let mut select = connection.prepare(
            "SELECT response, messages, start_ns, end_ns, span.trace, span.span_id, scope, usage.reported \
             FROM span JOIN usage ON usage.trace = span.trace AND usage.span_id = span.span_id \
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
                scope: row.get(6)?,
                total: decode_usage(&row.get::<_, Vec<u8>>(7)?)?.total().unwrap_or(0),
            };
            self.add(row.get(0)?, claim);
        }
        Ok(())
    }
}

/// For each claim whether it wins.
fn verdicts_of(claims: &[Claim]) -> HashMap<Claimant, bool> {
    let calls = calls(claims);
    calls.iter().flat_map(|call| call.iter().enumerate().map(|(at, claim)| (claim.id(), at == 0))).collect()
}

/// Forgets the call that ended first, all claims of it: so nobody's verdict changes.
fn settle_oldest(claims: &mut Vec<Claim>) {
    let ended = |call: &Vec<&Claim>| (call.iter().map(|claim| claim.end_ns).max(), call[0].id());
    let oldest: Vec<Claimant> = match calls(claims).into_iter().min_by_key(ended) {
        Some(call) => call.iter().map(|claim| claim.id()).collect(),
        None => return,
    };
    claims.retain(|claim| !oldest.contains(&claim.id()));
}

/// The calls that claims describe, each with its winner first. A function of the set alone, so that the order of arrival does
/// not matter: in the order of preference, a claim joins the first call of its trace that it overlaps and that its scope has not
/// described yet, or begins one; then the calls of several traces join in the same way, if no scope describes both and their
/// tokens are nearly equal.
fn calls(claims: &[Claim]) -> Vec<Vec<&Claim>> {
    let mut preferred: Vec<&Claim> = claims.iter().collect();
    preferred.sort();
    let mut within: Vec<Vec<&Claim>> = Vec::new();
    for claim in preferred {
        let described = |call: &&mut Vec<&Claim>| {
            call[0].trace == claim.trace
                && call[0].overlaps(claim)
                && call.iter().all(|other| other.scope != claim.scope)
        };
        match within.iter_mut().find(described) {
            Some(call) => call.push(claim),
            None => within.push(vec![claim]),
        }
    }
    let mut calls: Vec<Vec<&Claim>> = Vec::new();
    for call in within {
        let described = |known: &&mut Vec<&Claim>| {
            known[0].overlaps(call[0])
                && nearly(known[0].total, call[0].total)
                && known.iter().all(|other| {
                    call.iter().all(|claim| other.trace != claim.trace && other.scope != claim.scope)
                })
        };
        match calls.iter_mut().find(described) {
            Some(known) => known.extend(call),
            None => calls.push(call),
        }
    }
    calls
}

/// Equal but for a token or a hundredth: libraries that add up a stream's parts count its first chunk twice.
fn nearly(a: u64, b: u64) -> bool {
    a.abs_diff(b) <= (a.max(b) / 100).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(n: u8, messages: bool, start_ns: i64, end_ns: i64, scope: i64) -> Claim {
        Claim {
            without_messages: !messages,
            start_ns,
            end_ns,
            trace: i64::from(n),
            span_id: [n; 8],
            scope,
            total: 10,
        }
    }

    fn sorted(mut verdicts: Vec<Verdict>) -> Vec<(i64, bool)> {
        verdicts.sort();
        verdicts.into_iter().map(|((trace, _), wins)| (trace, wins)).collect()
    }

    #[test]
    fn the_fuller_of_two_libraries_spans_owns_in_either_order() {
        let (bare, full) = (claim(1, false, 0, 10, 1), claim(2, true, 1, 9, 2));
        let mut claims = Claims::default();
        assert_eq!(sorted(claims.add(7, bare.clone())), [(1, true)]);
        assert_eq!(sorted(claims.add(7, full.clone())), [(1, false), (2, true)]);
        let mut claims = Claims::default();
        claims.add(7, full);
        assert_eq!(sorted(claims.add(7, bare)), [(1, false)]);
        assert_eq!(sorted(claims.remove_trace(7, 2)), [(1, true)]);
    }

    #[test]
    fn calls_under_a_constant_id_all_count_one_after_another_and_at_once() {
        let mut claims = Claims::default();
        for n in 0..100 {
            let start_ns = i64::from(n) * 30;
            let verdicts = claims.add(7, claim(n, true, start_ns, start_ns + 50, 1));
            assert_eq!(sorted(verdicts), [(i64::from(n), true)]);
        }
    }

    #[test]
    fn three_libraries_tell_one_call_in_one_two_or_three_traces() {
        for traces in [[1, 1, 1], [1, 1, 2], [1, 2, 2], [1, 2, 1], [1, 2, 3]] {
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let mut claims = Claims::default();
                let mut owners = HashMap::new();
                for at in order {
                    let number = at as u8 + 1;
                    let trace = i64::from(traces[at]);
                    let one = Claim { trace, ..claim(number, number == 2, at as i64, 20, at as i64) };
                    owners.extend(claims.add(7, one));
                }
                let owning: Vec<_> =
                    owners.iter().filter(|(_, owns)| **owns).map(|(id, _)| id.1[0]).collect();
                assert_eq!(owning, [2], "{traces:?} {order:?}");
            }
        }
    }

    #[test]
    fn a_partner_of_the_oldest_call_is_still_its_partner() {
        let calls =
            (0..MAX_CLAIMS as u8).map(|n| claim(n, true, i64::from(n) * 100, i64::from(n) * 100 + 50, 1));
        let partner = Claim { span_id: [200; 8], ..claim(0, true, 10, 20, 2) };
        let mut claims = Claims::default();
        calls.for_each(|one| drop(claims.add(7, one)));
        assert_eq!(claims.add(7, partner), [((0, [200; 8]), false)]);
    }

    /// Pairs of one trace each, more of them than are remembered, one after another and overlapping.
    #[test]
    fn pairs_of_two_libraries_keep_their_verdicts_whatever_comes_after() {
        for step in [1_000, 30] {
            let mut claims = Claims::default();
            let mut owners: HashMap<Claimant, bool> = HashMap::new();
            for n in 0..150 {
                let start_ns = i64::from(n) * step;
                for scope in [1, 2] {
                    let one = Claim {
                        span_id: [n, 0, 0, 0, 0, 0, 0, scope as u8],
                        ..claim(n, true, start_ns, start_ns + 50, scope)
                    };
                    owners.extend(claims.add(7, one));
                }
            }
            for n in 0..150 {
                let owning =
                    owners.iter().filter(|((trace, _), owns)| *trace == i64::from(n) && **owns).count();
                assert_eq!(owning, 1, "trace {n}, every {step}");
            }
        }
    }
}
