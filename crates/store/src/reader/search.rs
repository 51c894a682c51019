//! Which spans of a trace say something.
//!
//! Spans are not put together again for this: a record and what it refers to are searched as they are stored, and what many
//! spans share is searched once.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use bennu_model::SpanId;
use prost::Message;
use rusqlite::Connection;

use super::{fetch::Fetch, needle::Needle, pool::Deadline, trace::MAX_SPANS};
use crate::{
    Error, Result,
    stored::{
        decode::Contents,
        flat,
        format::{self, Kind},
        pack,
        refs::{self, Ref},
    },
};

/// Log records searched at most: as many as are counted.
const MAX_SEARCHED: i64 = 100_000;

/// The spans that contain the text, or have a log record that does, by start.
pub(crate) fn search_trace(
    connection: &Connection,
    trace: i64,
    text: &str,
    deadline: Deadline,
) -> Result<Vec<SpanId>> {
    let Some(needle) = Needle::new(text) else { return Ok(Vec::new()) };
    // A span that is replaced between the two selects would have gone.
    let snapshot = connection.unchecked_transaction()?;
    let mut select = snapshot
        .prepare_cached("SELECT id FROM span WHERE trace = ? ORDER BY start_ns, end_ns DESC, id LIMIT ?")?;
    let ids = select.query_map((trace, MAX_SPANS as i64), |row| row.get(0))?;
    let ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut select = snapshot.prepare_cached("SELECT span_id, name, refs, data FROM span WHERE id = ?")?;
    let mut search = Search::new(&snapshot, needle, deadline);
    let by_records = search.logs(&snapshot, trace)?;
    let mut found = Vec::new();
    for id in ids {
        let contains = select.query_row([id], |row| {
            let blob = |at| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
            let span_id = SpanId(row.get(0)?);
            let name = row.get_ref(1)?.as_str()?;
            if by_records.contains(&span_id) {
                return Ok(Ok(Some(span_id)));
            }
            Ok(search.span(span_id, name, blob(2)?, blob(3)?).map(|contains| contains.then_some(span_id)))
        })??;
        found.extend(contains);
    }
    Ok(found)
}

/// What is known of an element of a flattened list.
struct Group {
    contains: bool,
    /// Its attributes' names, kept only if the text may stretch over an index before them.
    names: Vec<String>,
}

struct Search<'c> {
    needle: Needle,
    deadline: Deadline,
    fetch: Fetch<'c>,
    texts: HashMap<i64, bool>,
    values: HashMap<i64, bool>,
    groups: HashMap<i64, Rc<Group>>,
    name: String,
}

impl<'c> Search<'c> {
    fn new(connection: &'c Connection, needle: Needle, deadline: Deadline) -> Self {
        Search {
            needle,
            deadline,
            fetch: Fetch::new(connection),
            texts: HashMap::new(),
            values: HashMap::new(),
            groups: HashMap::new(),
            name: String::new(),
        }
    }

    /// The spans of which a log record contains the text.
    fn logs(&mut self, connection: &Connection, trace: i64) -> Result<HashSet<SpanId>> {
        let mut select = connection.prepare_cached(
            "SELECT span_id, refs, data FROM log WHERE trace_id = (SELECT trace_id FROM trace WHERE id = ?) \
             AND span_id IS NOT NULL ORDER BY span_id, at_ns LIMIT ?",
        )?;
        let mut rows = select.query((trace, MAX_SEARCHED))?;
        let mut found = HashSet::new();
        while let Some(row) = rows.next()? {
            let span_id = SpanId(row.get(0)?);
            let blob = |at| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
            if !found.contains(&span_id) && self.log(blob(1)?, blob(2)?)? {
                found.insert(span_id);
            }
        }
        Ok(found)
    }

    fn log(&mut self, refs: &[u8], data: &[u8]) -> Result<bool> {
        self.deadline.check()?;
        let data = pack::unpack(data)?;
        let log = format::Log::decode(data.as_slice()).map_err(|_| Error::Damaged("log record"))?;
        let refs = refs::decode(refs)?;
        if self.needle.is_in(&log.event_name) || self.needle.is_in(&log.severity_text) {
            return Ok(true);
        }
        Ok(self.value(&log.body.unwrap_or_default(), &refs)? || self.items(&log.attributes, &refs)?)
    }

    fn span(&mut self, span_id: SpanId, name: &str, refs: &[u8], data: &[u8]) -> Result<bool> {
        if self.needle.is_in(name) || self.needle.is_in(&span_id.to_string()) {
            return Ok(true);
        }
        self.deadline.check()?;
        let data = pack::unpack(data)?;
        let record = format::Record::decode(data.as_slice()).map_err(|_| Error::Damaged("record"))?;
        let refs = refs::decode(refs)?;
        if self.needle.is_in(&record.name) || self.needle.is_in(&record.status_message) {
            return Ok(true);
        }
        if self.items(&record.attributes, &refs)? {
            return Ok(true);
        }
        for event in &record.events {
            if self.needle.is_in(&event.name) || self.items(&event.attributes, &refs)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn items(&mut self, items: &[format::Item], refs: &[Ref]) -> Result<bool> {
        for item in items {
            let contains = match (&item.flat, &item.value) {
                (Some(flat), _) => self.flat(&item.key, flat, refs)?,
                (None, Some(value)) => self.needle.is_in(&item.key) || self.value(value, refs)?,
                (None, None) => self.needle.is_in(&item.key),
            };
            if contains {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn flat(&mut self, prefix: &str, flat: &format::Flat, refs: &[Ref]) -> Result<bool> {
        // Without a digit the text does not stretch over an index: it is before, or in an element whatever its place.
        self.name.clear();
        self.name.extend([prefix, "."]);
        if self.needle.is_in(&self.name) {
            return Ok(true);
        }
        for (position, body) in self.list(flat.list, refs)?.into_iter().enumerate() {
            let group = self.group(body)?;
            let index = flat.indexes.get(position).copied().unwrap_or(position as u32);
            let mut names = group.names.iter();
            if group.contains || names.any(|name| self.needle.is_in(&flat::join(prefix, index, name))) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn group(&mut self, body: i64) -> Result<Rc<Group>> {
        if let Some(known) = self.groups.get(&body) {
            return Ok(known.clone());
        }
        let content = self.fetch.body(body)?;
        let group = format::Group::decode(&*content).map_err(|_| Error::Damaged("list element"))?;
        let mut contains = false;
        let mut names = Vec::new();
        for item in group.items {
            self.name.clear();
            self.name.extend([".", &item.key]);
            contains = contains || self.needle.is_in(&self.name);
            if let Some(value) = &item.value {
                contains = contains || self.value(value, &[])?;
            }
            if self.needle.has_digit() {
                names.push(item.key);
            }
        }
        let group = Rc::new(Group { contains, names });
        self.groups.insert(body, group.clone());
        Ok(group)
    }

    fn value(&mut self, value: &format::Value, refs: &[Ref]) -> Result<bool> {
        Ok(match &value.kind {
            None => false,
            Some(Kind::Text(text)) => self.needle.is_in(text),
            Some(Kind::Bool(bool)) => self.needle.is_in(if *bool { "true" } else { "false" }),
            Some(Kind::Int(int)) => self.needle.is_in(&int.to_string()),
            Some(Kind::Double(double)) => self.needle.is_in(&double.to_string()),
            // Nobody looks for raw bytes or a figure of a vector by its digits.
            Some(Kind::Bytes(_) | Kind::Doubles(_)) => false,
            Some(Kind::Array(array)) => {
                for value in &array.values {
                    if self.value(value, refs)? {
                        return Ok(true);
                    }
                }
                false
            }
            Some(Kind::Map(map)) => self.items(&map.items, refs)?,
            Some(Kind::TextBody(reference)) => match refs.get(*reference as usize) {
                Some(Ref::Body(id)) => self.text_body(*id)?,
                _ => return Err(Error::Damaged("reference to a body")),
            },
            Some(Kind::ValueBody(reference)) => match refs.get(*reference as usize) {
                Some(Ref::Body(id)) => self.value_body(*id)?,
                _ => return Err(Error::Damaged("reference to a body")),
            },
            Some(Kind::Cut(cut)) => {
                if self.part(cut.open.as_ref(), refs)? || self.part(cut.close.as_ref(), refs)? {
                    return Ok(true);
                }
                for body in self.list(cut.list, refs)? {
                    if self.text_body(body)? {
                        return Ok(true);
                    }
                }
                false
            }
            Some(Kind::ArrayList(reference)) => {
                for body in self.list(*reference, refs)? {
                    if self.value_body(body)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    fn part(&mut self, part: Option<&format::Text>, refs: &[Ref]) -> Result<bool> {
        match part {
            None => Ok(false),
            Some(format::Text { body: None, text }) => Ok(self.needle.is_in(text)),
            Some(format::Text { body: Some(reference), .. }) => match refs.get(*reference as usize) {
                Some(Ref::Body(id)) => self.text_body(*id),
                _ => Err(Error::Damaged("reference to a body")),
            },
        }
    }

    fn text_body(&mut self, id: i64) -> Result<bool> {
        if let Some(known) = self.texts.get(&id) {
            return Ok(*known);
        }
        let contains = self.needle.is_in_bytes(&self.fetch.body(id)?);
        self.texts.insert(id, contains);
        Ok(contains)
    }

    fn value_body(&mut self, id: i64) -> Result<bool> {
        if let Some(known) = self.values.get(&id) {
            return Ok(*known);
        }
        let content = self.fetch.body(id)?;
        let value = format::Value::decode(&*content).map_err(|_| Error::Damaged("value"))?;
        let contains = self.value(&value, &[])?;
        self.values.insert(id, contains);
        Ok(contains)
    }

    /// The bodies of a list. The clock is looked at once a list: one is thousands of elements at most.
    fn list(&mut self, reference: u32, refs: &[Ref]) -> Result<Vec<i64>> {
        self.deadline.check()?;
        match refs.get(reference as usize) {
            Some(Ref::Empty) => Ok(Vec::new()),
            Some(Ref::List(node)) => self.fetch.list(*node),
            _ => Err(Error::Damaged("reference to a list")),
        }
    }
}
