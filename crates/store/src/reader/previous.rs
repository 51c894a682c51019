//! Which earlier call a call goes on from.
//!
//! Lists are a prefix tree, so that two lists begin alike shows in the addresses of their nodes; no content is read. What the
//! lists mean is not known here, so lists are compared under the same attribute only, and what tells calls apart is told from
//! what does not by how it behaves: a history is another list in every call, while tools or instructions mostly stay the same.

use std::collections::{HashMap, HashSet};

use bennu_model::SpanId;
use rusqlite::{Connection, OptionalExtension};

use super::fetch::Fetch;
use crate::{
    Error, Result,
    dedup::Key,
    stored::{
        cut,
        lists::{self, List},
        pack, refs,
    },
};

/// Earlier spans that are looked at, the nearest: more than a conversation has calls.
const MAX_CANDIDATES: i64 = 500;

/// An attribute, and before it the event it belongs to.
type Place = (String, String);

/// An earlier span's list that begins as the span's own.
struct Match {
    /// Which candidate: 0 is the nearest.
    candidate: usize,
    /// Elements the two lists have in common from their beginning; at least one.
    depth: usize,
    /// How much of the span's own list that is, millionths.
    share: usize,
    /// The address of the candidate's whole list.
    end: Key,
    /// Whether the lists are equal.
    equal: bool,
}

/// The earlier span of the same kind whose list has the most in common with the span's own from the beginning.
pub(crate) fn previous_call(connection: &Connection, trace: i64, span_id: SpanId) -> Result<Option<SpanId>> {
    let snapshot = connection.unchecked_transaction()?;
    let own: Option<(i64, i64, i64)> = snapshot
        .prepare_cached("SELECT id, kind, start_ns FROM span WHERE trace = ? AND span_id = ?")?
        .query_row((trace, span_id.0), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((id, kind, start_ns)) = own else { return Ok(None) };
    let mut nodes = Nodes { connection: &snapshot, known: HashMap::new() };
    let mut fetch = Fetch::new(&snapshot);

    // For each list of the span, how many elements the list has that ends at an address, and where the whole one ends.
    let mut own: HashMap<Place, (HashMap<Key, usize>, Key)> = HashMap::new();
    for (place, list) in read(&snapshot, &mut fetch, id)?.1 {
        let mut chain = nodes.walk_back(&list, |_| false)?;
        chain.reverse();
        if let Some(end) = chain.last().copied() {
            own.insert(place, (chain.into_iter().zip(1..).collect(), end));
        }
    }
    if own.is_empty() {
        return Ok(None);
    }

    // Content is read after the nearest are known: the sort should not carry it.
    let mut select = snapshot.prepare_cached(
        "SELECT id FROM span WHERE trace = ? AND kind = ? AND messages != 0 AND start_ns < ? \
         ORDER BY start_ns DESC, id DESC LIMIT ?",
    )?;
    let ids = select.query_map((trace, kind, start_ns, MAX_CANDIDATES), |row| row.get(0))?;
    let mut candidates = Vec::new();
    let mut matches: HashMap<Place, Vec<Match>> = HashMap::new();
    for id in ids {
        let (span_id, lists) = read(&snapshot, &mut fetch, id?)?;
        for (place, list) in lists {
            let Some((depths, own_end)) = own.get(&place) else { continue };
            let walked = nodes.walk_back(&list, |address| depths.contains_key(&address))?;
            let (Some(end), Some(common)) = (walked.first().copied(), walked.last()) else { continue };
            if let Some(depth) = depths.get(common).copied() {
                let share = depth * 1_000_000 / depths.len().max(1);
                let (candidate, equal) = (candidates.len(), end == *own_end);
                matches.entry(place).or_default().push(Match { candidate, depth, share, end, equal });
            }
        }
        candidates.push(span_id);
    }
    Ok(nearest_kin(&matches).and_then(|candidate| candidates.get(candidate).copied()))
}

/// Chooses among the candidates that have a list which goes on otherwise than the span's own; without any, the nearest with the
/// most elements in equal lists.
fn nearest_kin(matches: &HashMap<Place, Vec<Match>>) -> Option<usize> {
    let mut partly = HashSet::new();
    let (mut shares, mut equal): (HashMap<usize, usize>, HashMap<usize, usize>) = Default::default();
    for matches in matches.values() {
        let different = || matches.iter().filter(|found| !found.equal);
        partly.extend(different().map(|found| found.candidate));
        // An attribute counts by how many beginnings of its list there were: one for every call of a history, none for tools that
        // stay the same.
        let weight = different().map(|found| found.end).collect::<HashSet<_>>().len();
        for found in matches {
            *shares.entry(found.candidate).or_default() += weight * found.share;
            if found.equal {
                *equal.entry(found.candidate).or_default() += found.depth;
            }
        }
    }
    shares.retain(|candidate, _| partly.contains(candidate));
    let from = if shares.is_empty() { equal } else { shares };
    let best = from.into_iter().max_by_key(|(candidate, score)| (*score, std::cmp::Reverse(*candidate)));
    best.map(|(candidate, _)| candidate)
}

fn read(connection: &Connection, fetch: &mut Fetch<'_>, id: i64) -> Result<(SpanId, Vec<(Place, List)>)> {
    let mut select = connection.prepare_cached("SELECT span_id, refs, data FROM span WHERE id = ?")?;
    let (span_id, refs, data): ([u8; 8], Vec<u8>, Vec<u8>) =
        select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut short_text = |body| {
        let content = fetch.short_body(body, cut::MIN_TEXT_BYTES)?;
        Ok(content.and_then(|content| String::from_utf8(content.to_vec()).ok()))
    };
    let lists = lists::lists(&pack::unpack(&data)?, &refs::decode(&refs)?, &mut short_text)?;
    Ok((SpanId(span_id), lists))
}

/// The nodes of the lists, each read once.
struct Nodes<'c> {
    connection: &'c Connection,
    known: HashMap<i64, (Option<i64>, Key)>,
}

impl Nodes<'_> {
    /// The addresses of a list's nodes from the last to the first, up to and with the one that is met.
    fn walk_back(&mut self, list: &List, met: impl Fn(Key) -> bool) -> Result<Vec<Key>> {
        let mut walked = Vec::new();
        let mut go_on = |address| {
            walked.push(address);
            !met(address)
        };
        match list {
            List::InPlace(addresses) => {
                let _ = addresses.iter().rev().all(|address| go_on(*address));
            }
            List::Stored(node) => {
                let mut next = Some(*node);
                while let Some(id) = next {
                    let (parent, address) = self.node(id)?;
                    // Parents are older than their children, so a chain always ends.
                    next = if go_on(address) { parent.filter(|parent| *parent < id) } else { None };
                }
            }
        }
        Ok(walked)
    }

    fn node(&mut self, id: i64) -> Result<(Option<i64>, Key)> {
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let mut select = self.connection.prepare_cached("SELECT parent, hash FROM node WHERE id = ?")?;
        let found =
            select.query_row([id], |row| Ok((row.get(0)?, Key::from_be_bytes(row.get(1)?)))).optional()?;
        let found = found.ok_or(Error::Damaged("missing list node"))?;
        self.known.insert(id, found);
        Ok(found)
    }
}
