//! From a body to what can be stored, an item at a time: besides the body a request takes no more memory than one item and what
//! was prepared since the last commit.

use std::{collections::HashMap, sync::Arc};

use bennu_model::{LogRecord, Span};
use bennu_store::{Batch, Preparer};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::Held;
use crate::{
    app::App,
    decode::{self, Encoding, Item, Report, Signal},
    error::{Code, Error},
};

/// Where items go when neither the request nor the resource says.
const DEFAULT_PROJECT: &str = "default";
/// Longer names are cut: a project is a place, not a payload.
const MAX_PROJECT_CHARS: usize = 256;
/// When so much is prepared, it is stored before the rest of the body is read. Two million spans fit in one body; a sender
/// who has to send again after the first part was stored sends the same spans, which are stored once.
const PART_BYTES: usize = 32 << 20;
/// What is prepared is counted in the budget in steps.
const STEP_BYTES: usize = 1 << 20;

/// A request's bytes and what is known about them.
pub(super) struct Received {
    pub(super) signal: Signal,
    pub(super) encoding: Encoding,
    pub(super) body: Bytes,
    /// The project that the request names for all its items.
    pub(super) project: Option<String>,
    /// The part of the budget that the body takes up.
    pub(super) held: Held,
}

/// What is still to be stored of a request.
pub(super) struct Waiting {
    pub(super) groups: Vec<Group>,
    pub(super) report: Report,
    pub(super) held: Arc<Held>,
}

/// Items of one project.
pub(super) struct Group {
    pub(super) project: String,
    pub(super) batch: Batch,
}

/// Decodes a body and prepares what is in it. With a handle, on a thread that may block, a body that holds very much is stored
/// in parts.
pub(super) fn prepare(app: &App, received: Received, handle: Option<Handle>) -> Result<Waiting, Error> {
    let Received { signal, encoding, body, project, held } = received;
    let mut preparing = Preparing {
        app,
        handle,
        header: project,
        preparer: app.store.preparer(),
        groups: Vec::new(),
        places: HashMap::new(),
        last: None,
        body_bytes: body.len(),
        held,
        counted_bytes: 0,
        failed: None,
    };
    let report = decode::decode(signal, encoding, body, &mut |project, item| preparing.take(project, item))
        .map_err(|refusal| Error::new(Code::Invalid, refusal.to_string()))?;
    preparing.finish(report)
}

struct Preparing<'a> {
    app: &'a App,
    handle: Option<Handle>,
    header: Option<String>,
    preparer: Preparer<'a>,
    groups: Vec<Group>,
    /// Where a project stands in `groups`.
    places: HashMap<String, usize>,
    /// The project that the last item's resource named, and its place.
    last: Option<(Option<String>, usize)>,
    body_bytes: usize,
    held: Held,
    /// How much of what is prepared is in `held`, besides the body.
    counted_bytes: usize,
    failed: Option<Error>,
}

impl Preparing<'_> {
    fn take(&mut self, project: Option<&str>, item: Item) {
        if self.failed.is_some() {
            return;
        }
        let place = self.place(project);
        match item {
            Item::Span(span) => self.span(place, span),
            Item::Log(record) => self.log(place, record),
        }
        self.count();
    }

    fn span(&mut self, place: usize, span: Span) {
        let summary = decode::derive(&span, &[]);
        self.groups[place].batch.spans.push(self.preparer.prepare(span, summary));
    }

    fn log(&mut self, place: usize, record: LogRecord) {
        let meaningful = decode::is_meaningful(&record);
        self.groups[place].batch.logs.push(self.preparer.prepare_log(record, meaningful));
    }

    fn place(&mut self, named: Option<&str>) -> usize {
        if let Some((last, place)) = &self.last
            && last.as_deref() == named
        {
            return *place;
        }
        let project = self.header.as_deref().or(named).unwrap_or(DEFAULT_PROJECT);
        // A path of dots means another page to every browser: such a project could not be opened.
        let project = if project.chars().all(|char| char == '.') { DEFAULT_PROJECT } else { project };
        let project: String = project.chars().take(MAX_PROJECT_CHARS).collect();
        let groups = &mut self.groups;
        let place = *self.places.entry(project).or_insert_with_key(|project| {
            groups.push(Group { project: project.clone(), batch: Batch::default() });
            groups.len() - 1
        });
        self.last = Some((named.map(str::to_owned), place));
        place
    }

    /// Counts what is prepared; stores it when it is much, or more than the budget has left.
    fn count(&mut self) {
        let bytes = self.preparer.size_bytes();
        if self.handle.is_none() || bytes < self.counted_bytes + STEP_BYTES {
            return;
        }
        let counted = self.held.grow_to(&self.app.budget, self.body_bytes + bytes);
        if counted.is_err() || bytes >= PART_BYTES {
            self.store();
        } else {
            self.counted_bytes = bytes;
        }
    }

    fn store(&mut self) {
        let Some(handle) = &self.handle else { return };
        let groups = std::mem::take(&mut self.groups);
        self.preparer.seal();
        self.failed = handle.block_on(super::store(self.app, groups, Arc::new(()))).err();
        self.preparer = self.app.store.preparer();
        self.places.clear();
        self.last = None;
        self.counted_bytes = 0;
        self.held.shrink_to(self.body_bytes);
    }

    /// The body is gone by now; what was made of it may be larger or smaller.
    fn finish(mut self, report: Report) -> Result<Waiting, Error> {
        self.preparer.seal();
        let bytes = self.preparer.size_bytes();
        if let Err(busy) = self.held.grow_to(&self.app.budget, bytes) {
            self.handle.is_some().then_some(()).ok_or(busy)?;
            self.store();
        }
        self.held.shrink_to(bytes);
        match self.failed {
            Some(error) => Err(error),
            None => Ok(Waiting { groups: self.groups, report, held: Arc::new(self.held) }),
        }
    }
}
