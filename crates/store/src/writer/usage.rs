//! Every token is owned by exactly one span, whatever the order of arrival.
//!
//! Agents repeat their children's usage and wrappers the wrapped call's, so a plain sum counts twice. The rule, a token type
//! at a time, where `below` is what the spans under a span own together:
//! - a span that reports nothing owns nothing;
//! - an AGENT or CHAIN with usage reported anywhere below it owns nothing;
//! - a span whose usage is *aggregated* (its dialect says that other spans report the same) owns nothing, even alone: the span
//!   that owns it may lie in another trace;
//! - every other span owns `max(0, reported - below)`.
//!
//! So a subtree owns `max(reported, below)`, or just `below` for an agent, and a change at a leaf climbs only as far as it
//! changes anything. A child that arrives before its parent leaves its sum at the parent's place, where the parent finds it.
//! Nothing climbs further than a thousand levels, so that the work of one span stays bounded: in deeper traces what the spans far
//! above a call own may depend on the order of arrival.
//!
//! An aggregated span does tell an agent above it of usage: somebody reports it, here or in another trace, so what the agent
//! reports is a repetition. Otherwise an agent over a wrapper whose call lies in another trace would own those tokens again.
//!
//! Spans that are each other's parents in a ring are cut at the earliest of them, which then stands at the top, as in the page's
//! tree: a sum that went round would depend on where it began. So every span that reports usage looks for its top.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use bennu_model::{Kind, TOKEN_TYPES, Tokens, Usage};
use rusqlite::{Connection, OptionalExtension};

use super::usage_row::{MAX_BELOW, decode_below, decode_usage, encode_below, encode_usage};
use crate::{Error, Result, prepare::Said};

/// Levels that a change climbs, and spans of a ring that is found.
const MAX_CLIMB: usize = 1_000;

/// The span has arrived.
const PRESENT: i64 = 1;
/// Its kind repeats the usage of the spans below.
const REPEATS: i64 = 2;
/// Another span that describes the same call owns its tokens.
const DISOWNED: i64 = 4;
/// Its usage repeats what other spans report, by definition.
const AGGREGATED: i64 = 8;
/// It tells its parent nothing: a ring of parents is cut here.
const CUT: i64 = 16;

/// Trace row id and span id.
pub(crate) type NodeId = (i64, [u8; 8]);

/// A span's place in the sum.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Node {
    parent: Option<[u8; 8]>,
    flags: i64,
    reported: Usage,
    /// Owned by the spans below together.
    below: [i64; TOKEN_TYPES],
    /// Children that report usage or have such spans below them.
    telling: i64,
}

impl Node {
    fn has(&self, flag: i64) -> bool {
        self.flags & flag != 0
    }

    fn set(&mut self, flag: i64, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    /// Tokens this span owns.
    pub(crate) fn owned(&self) -> [i64; TOKEN_TYPES] {
        let repeats = self.has(AGGREGATED) || (self.has(REPEATS) && self.telling > 0);
        if !self.has(PRESENT) || self.has(DISOWNED) || repeats {
            return [0; TOKEN_TYPES];
        }
        let reported = signed(self.reported.tokens());
        std::array::from_fn(|at| (reported[at] - self.below[at]).max(0))
    }

    /// What its parent is told: the tokens to add up, and whether there is usage here or below.
    fn told(&self) -> ([i64; TOKEN_TYPES], i64) {
        if !self.has(PRESENT) || self.has(CUT) {
            return Default::default();
        }
        let owned = self.owned();
        let tokens = std::array::from_fn(|at| self.below[at].saturating_add(owned[at]).min(MAX_BELOW));
        (tokens, i64::from(!self.reported.is_unknown() || self.telling > 0))
    }
}

/// What a row of table `usage` says of a span: reported, and owned.
pub(crate) fn read_row(flags: i64, reported: &[u8], below: &[u8]) -> Result<(Usage, Tokens)> {
    let (below, telling) = decode_below(below)?;
    let node = Node { parent: None, flags, reported: decode_usage(reported)?, below, telling };
    Ok((node.reported, node.owned().map(|count| count.unsigned_abs())))
}

/// The nodes touched by one transaction.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    nodes: HashMap<NodeId, Node>,
    dirty: HashSet<NodeId>,
    /// How much more each trace owns than before.
    owned: HashMap<i64, [i64; TOKEN_TYPES]>,
}

impl Nodes {
    /// A span arrived, or a newer version of it.
    pub(crate) fn arrive(&mut self, connection: &Connection, trace: i64, span: &Said) -> Result<()> {
        let summary = &span.summary;
        let id = (trace, span.span_id.0);
        let known = self.load(connection, id)?;
        if known.is_none() && summary.usage.is_unknown() {
            return Ok(());
        }
        let stood = known.is_some_and(|node| node.has(PRESENT));
        let parent = span.parent_id.map(|id| id.0);
        if stood {
            self.leave(connection, id, parent)?;
        }
        self.nodes.entry(id).or_default().parent = parent;
        let is_cut = |nodes: &Self, member: &[u8; 8]| {
            nodes.nodes.get(&(trace, *member)).is_some_and(|node| node.has(CUT))
        };
        let cut = match self.ring(connection, id)? {
            // Above a ring that is cut already: only its own spans change where.
            Some(ring) if ring.iter().any(|member| is_cut(self, member)) => None,
            Some(ring) => {
                // Whoever is in it is known from now on, with usage or without: a newer version of it may open the ring.
                self.dirty.extend(ring.iter().map(|member| (trace, *member)));
                Some(earliest(connection, trace, ring)?)
            }
            None => None,
        };
        if let Some(other) = cut.filter(|cut| *cut != id.1) {
            self.change(connection, (trace, other), |node| node.set(CUT, true))?;
        }
        self.change(connection, id, |node| {
            node.reported = summary.usage;
            node.set(PRESENT, true);
            node.set(REPEATS, summary.kind.repeats_usage());
            node.set(AGGREGATED, summary.aggregated);
            node.set(CUT, cut == Some(id.1));
        })
    }

    /// A newer version has this parent: if that is another, takes the span's sum from where it stood; if it closed a ring, opens
    /// that.
    fn leave(&mut self, connection: &Connection, id: NodeId, parent: Option<[u8; 8]>) -> Result<()> {
        let ring = self.ring(connection, id)?.filter(|ring| ring.contains(&id.1)).unwrap_or_default();
        if !ring.is_empty() || self.nodes.get(&id).is_some_and(|node| node.parent != parent) {
            self.change(connection, id, |node| node.set(PRESENT, false))?;
            for member in ring {
                self.change(connection, (id.0, member), |node| node.set(CUT, false))?;
            }
        }
        Ok(())
    }

    /// The spans that are each other's parents in a ring, where the way up from a span leads into one.
    fn ring(&mut self, connection: &Connection, (trace, mut at): NodeId) -> Result<Option<Vec<[u8; 8]>>> {
        let (mut path, mut places) = (vec![at], HashMap::from([(at, 0)]));
        while path.len() < MAX_CLIMB {
            let Some(parent) = self.place(connection, (trace, at))?.parent else { return Ok(None) };
            if let Some(first) = places.insert(parent, path.len()) {
                return Ok(Some(path.split_off(first)));
            }
            path.push(parent);
            at = parent;
        }
        Ok(None)
    }

    /// A claim was decided: the span's reported usage counts or not.
    pub(crate) fn judge(&mut self, connection: &Connection, id: NodeId, counts: bool) -> Result<()> {
        match self.load(connection, id)? {
            Some(node) if node.has(DISOWNED) == counts => {
                self.change(connection, id, |node| node.set(DISOWNED, !counts))
            }
            _ => Ok(()),
        }
    }

    /// Changes a node and carries the difference up.
    fn change(&mut self, connection: &Connection, id: NodeId, apply: impl FnOnce(&mut Node)) -> Result<()> {
        let mut delta = self.touch(id, apply);
        let (trace, mut at) = id;
        let mut seen = HashSet::from([at]);
        while let Some(carry) = delta.take().filter(|_| seen.len() < MAX_CLIMB) {
            let Some(parent) = carry.parent.filter(|parent| seen.insert(*parent)) else { break };
            at = parent;
            self.place(connection, (trace, at))?;
            delta = self.touch((trace, at), |node| {
                for (below, more) in node.below.iter_mut().zip(carry.tokens) {
                    *below = below.saturating_add(more).clamp(0, MAX_BELOW);
                }
                node.telling += carry.telling;
            });
        }
        Ok(())
    }

    /// Changes one node; returns what its parent has to be told, if anything.
    fn touch(&mut self, id: NodeId, apply: impl FnOnce(&mut Node)) -> Option<Carry> {
        let node = self.nodes.entry(id).or_default();
        let (owned, (tokens, telling)) = (node.owned(), node.told());
        apply(node);
        self.dirty.insert(id);
        let sum = self.owned.entry(id.0).or_default();
        let (now_owned, (now_tokens, now_telling)) = (node.owned(), node.told());
        for at in 0..TOKEN_TYPES {
            sum[at] = sum[at].saturating_add(now_owned[at] - owned[at]);
        }
        let carry = Carry {
            parent: node.parent,
            tokens: std::array::from_fn(|at| now_tokens[at] - tokens[at]),
            telling: now_telling - telling,
        };
        (carry.tokens != [0; TOKEN_TYPES] || carry.telling != 0).then_some(carry)
    }

    /// A node; of a span that has told no usage so far, its place in the tree.
    fn place(&mut self, connection: &Connection, id: NodeId) -> Result<&Node> {
        if self.load(connection, id)?.is_none() {
            let node = span_node(connection, id.0, id.1)?;
            self.nodes.insert(id, node);
        }
        Ok(self.nodes.entry(id).or_default())
    }

    fn load(&mut self, connection: &Connection, id: NodeId) -> Result<Option<&Node>> {
        if let std::collections::hash_map::Entry::Vacant(place) = self.nodes.entry(id) {
            let mut select = connection.prepare_cached(
                "SELECT parent_id, flags, reported, below FROM usage WHERE trace = ? AND span_id = ?",
            )?;
            type Row = (Option<[u8; 8]>, i64, Vec<u8>, Vec<u8>);
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let row: Option<Row> = select.query_row(id, read).optional()?;
            let Some((parent, flags, reported, below)) = row else { return Ok(None) };
            let (below, telling) = decode_below(&below)?;
            let node = Node { parent, flags, reported: decode_usage(&reported)?, below, telling };
            place.insert(node);
        }
        Ok(self.nodes.get(&id))
    }

    /// Writes what changed; returns how much more each trace owns.
    pub(crate) fn flush(self, connection: &Connection) -> Result<HashMap<i64, [i64; TOKEN_TYPES]>> {
        let mut upsert = connection.prepare_cached(
            "INSERT OR REPLACE INTO usage (trace, span_id, parent_id, flags, reported, below) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        for id in self.dirty {
            if let Some(node) = self.nodes.get(&id) {
                let (reported, below) =
                    (encode_usage(&node.reported), encode_below(&node.below, node.telling));
                upsert.execute((id.0, id.1, node.parent, node.flags, reported, below))?;
            }
        }
        Ok(self.owned)
    }
}

/// What a child tells its parent.
struct Carry {
    parent: Option<[u8; 8]>,
    tokens: [i64; TOKEN_TYPES],
    /// One more or one fewer that tells of usage.
    telling: i64,
}

/// The node of a span that has told no usage so far: its place in the tree, if it has arrived.
fn span_node(connection: &Connection, trace: i64, span_id: [u8; 8]) -> Result<Node> {
    let mut select =
        connection.prepare_cached("SELECT parent_id, kind FROM span WHERE trace = ? AND span_id = ?")?;
    let found: Option<(Option<[u8; 8]>, i64)> =
        select.query_row((trace, span_id), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.map_or_else(Node::default, |(parent, kind)| {
        let repeats = if Kind::from_number(kind).repeats_usage() { REPEATS } else { 0 };
        Node { parent, flags: PRESENT | repeats, ..Node::default() }
    }))
}

/// Of the spans of a ring the one that began first, ended last, has the least id.
fn earliest(connection: &Connection, trace: i64, ring: Vec<[u8; 8]>) -> Result<[u8; 8]> {
    let mut select =
        connection.prepare_cached("SELECT start_ns, end_ns FROM span WHERE trace = ? AND span_id = ?")?;
    let mut first = None;
    for span_id in ring {
        let times: (i64, i64) = select.query_row((trace, span_id), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let key = (times.0, Reverse(times.1), span_id);
        first = Some(first.map_or(key, |first| key.min(first)));
    }
    first.map(|(_, _, span_id)| span_id).ok_or(Error::Damaged("a ring of no spans"))
}

/// Counts beyond this are nonsense and are held there, so that sums do not overflow.
fn signed(tokens: Tokens) -> [i64; TOKEN_TYPES] {
    const MAX_TOKENS: u64 = 1 << 40;
    tokens.map(|count| count.min(MAX_TOKENS) as i64)
}
