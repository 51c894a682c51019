//! Fetches bodies and lists for the decoder; what the spans of one answer share is read once.

use std::{collections::HashMap, sync::Arc};

use bennu_model::{Origin, Resource};
use rusqlite::{Connection, OptionalExtension};

use super::size::attributes_bytes;
use crate::{
    Error, Result,
    stored::{
        decode::{Bodies, decode_origin, decode_resource},
        pack,
    },
};

/// Unpacked content kept during one answer.
const MAX_KEPT_BYTES: usize = 32 << 20;

pub(crate) struct Fetch<'c> {
    connection: &'c Connection,
    bodies: HashMap<i64, Arc<Vec<u8>>>,
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
            bodies: HashMap::new(),
            kept_bytes: 0,
            nodes: HashMap::new(),
            resources: HashMap::new(),
            origins: HashMap::new(),
            origin_bytes: 0,
        }
    }
}

impl Bodies for Fetch<'_> {
    fn body(&mut self, id: i64) -> Result<Arc<Vec<u8>>> {
        if let Some(body) = self.bodies.get(&id) {
            return Ok(body.clone());
        }
        let mut select = self.connection.prepare_cached("SELECT data FROM body WHERE id = ?")?;
        let packed: Option<Vec<u8>> = select.query_row([id], |row| row.get(0)).optional()?;
        let body = Arc::new(pack::unpack(&packed.ok_or(Error::Damaged("missing body"))?)?);
        self.kept_bytes += body.len();
        if self.kept_bytes > MAX_KEPT_BYTES {
            self.bodies.clear();
            self.kept_bytes = body.len();
        }
        self.bodies.insert(id, body.clone());
        Ok(body)
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
