//! Fetches bodies and lists for the decoder; what the spans of one answer share is read once.

use std::{collections::HashMap, sync::Arc};

use bennu_model::{Origin, Resource};
use rusqlite::{Connection, OptionalExtension, Row};

use super::size::attributes_bytes;
use crate::{
    Error, Result,
    stored::{
        block::{self, Bodies, Content, block_of},
        decode::{Contents, decode_origin, decode_resource},
    },
};

/// Unpacked blocks kept during one answer.
const MAX_KEPT_BYTES: usize = 32 << 20;

pub(crate) struct Fetch<'c> {
    connection: &'c Connection,
    /// By block; by the negative id of a body that is stored alone.
    blocks: HashMap<i64, Arc<Bodies>>,
    kept_bytes: usize,
    nodes: HashMap<i64, (Option<i64>, i64)>,
    resources: HashMap<i64, Arc<Resource>>,
    /// By the bodies of resource and scope.
    origins: HashMap<(i64, i64), Arc<Origin>>,
    origin_bytes: usize,
}

impl<'c> Fetch<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Fetch {
            connection,
            blocks: HashMap::new(),
            kept_bytes: 0,
            nodes: HashMap::new(),
            resources: HashMap::new(),
            origins: HashMap::new(),
            origin_bytes: 0,
        }
    }
}

impl Fetch<'_> {
    fn block(&mut self, body: i64) -> Result<Arc<Bodies>> {
        let block = block_of(body);
        if let Some(known) = self.blocks.get(&block).or_else(|| self.blocks.get(&-body)) {
            return Ok(known.clone());
        }
        let mut select = self.connection.prepare_cached("SELECT lengths, data FROM block WHERE id = ?")?;
        let read = |row: &Row<'_>| {
            let blob = |at| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
            Ok(Bodies::read(blob(0)?, blob(1)?))
        };
        let (place, bodies) = match select.query_row([block], read).optional()? {
            Some(bodies) => (block, bodies?),
            None => {
                // Content that an older version stored.
                let mut select = self.connection.prepare_cached("SELECT data FROM body WHERE id = ?")?;
                let packed: Option<Vec<u8>> = select.query_row([body], |row| row.get(0)).optional()?;
                (-body, Bodies::alone(&packed.ok_or(Error::Damaged("missing body"))?)?)
            }
        };
        let bodies = Arc::new(bodies);
        self.kept_bytes += bodies.size_bytes();
        if self.kept_bytes > MAX_KEPT_BYTES {
            self.blocks.clear();
            self.kept_bytes = bodies.size_bytes();
        }
        self.blocks.insert(place, bodies.clone());
        Ok(bodies)
    }

    /// A body of fewer bytes than a bound, `None` if it has more: then its block is not unpacked for nothing.
    pub(crate) fn short_body(&mut self, id: i64, bound_bytes: usize) -> Result<Option<Content>> {
        if !self.blocks.contains_key(&block_of(id)) {
            let mut select = self.connection.prepare_cached("SELECT lengths FROM block WHERE id = ?")?;
            let lengths: Option<Vec<u8>> = select.query_row([block_of(id)], |row| row.get(0)).optional()?;
            let length = lengths.map(|lengths| block::length(&lengths, id)).transpose()?.flatten();
            if length.is_some_and(|length| length >= bound_bytes) {
                return Ok(None);
            }
        }
        Ok(Some(self.body(id)?).filter(|content| content.len() < bound_bytes))
    }
}

impl Contents for Fetch<'_> {
    fn body(&mut self, id: i64) -> Result<Content> {
        Content::of(self.block(id)?, id)
    }

    fn list(&mut self, node: i64) -> Result<Vec<i64>> {
        let mut bodies = Vec::new();
        let mut next = Some(node);
        let mut select = self.connection.prepare_cached("SELECT parent, body FROM node WHERE id = ?")?;
        while let Some(id) = next {
            let (parent, body) = match self.nodes.get(&id) {
                Some(found) => *found,
                None => {
                    let found = select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
                    let found = found.ok_or(Error::Damaged("missing list node"))?;
                    self.nodes.insert(id, found);
                    found
                }
            };
            bodies.push(body);
            // Parents are older than their children, so a chain always ends.
            next = parent.filter(|parent| *parent < id);
        }
        bodies.reverse();
        Ok(bodies)
    }

    fn origin(&mut self, resource: i64, scope: i64) -> Result<Arc<Origin>> {
        if let Some(origin) = self.origins.get(&(resource, scope)) {
            return Ok(origin.clone());
        }
        if self.origin_bytes > MAX_KEPT_BYTES {
            self.resources.clear();
            self.origins.clear();
            self.origin_bytes = 0;
        }
        let shared = match self.resources.get(&resource) {
            Some(shared) => shared.clone(),
            None => {
                let content = self.body(resource)?;
                let shared = Arc::new(decode_resource(&content, self)?);
                self.origin_bytes += attributes_bytes(&shared.attributes);
                self.resources.insert(resource, shared.clone());
                shared
            }
        };
        let content = self.body(scope)?;
        let origin = Arc::new(decode_origin(shared, &content, self)?);
        self.origin_bytes += 256 + attributes_bytes(&origin.scope_attributes);
        self.origins.insert((resource, scope), origin.clone());
        Ok(origin)
    }
}
