//! Bytes of requests being worked on at any time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Error};

/// The semaphore counts kibibytes, so that its permits fit the type.
const UNIT_BYTES: usize = 1024;

/// One limit for all transports; full means "come back", never a silent drop.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

/// A part of the budget, given back on drop.
#[derive(Debug, Default)]
pub(crate) struct Held(Option<OwnedSemaphorePermit>);

impl Held {
    /// Holds at least this many bytes from now on.
    pub(crate) fn grow_to(&mut self, budget: &Budget, bytes: usize) -> Result<(), Error> {
        let holding = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) * UNIT_BYTES;
        if bytes > holding { budget.take(self, bytes - holding) } else { Ok(()) }
    }

    /// Holds no more than this many bytes from now on.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if let Some(holding) = &mut self.0 {
            let extra = holding.num_permits().saturating_sub(bytes.div_ceil(UNIT_BYTES));
            drop(holding.split(extra));
        }
    }
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Budget(Arc::new(Semaphore::new((bytes / UNIT_BYTES).max(1))))
    }

    /// Adds bytes to what is held.
    pub(crate) fn take(&self, held: &mut Held, bytes: usize) -> Result<(), Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let permit = self.0.clone().try_acquire_many_owned(units).map_err(|_| {
            Error::new(Code::Busy, "more is waiting than the queue holds; this will be taken if sent again")
        })?;
        match &mut held.0 {
            Some(holding) => holding.merge(permit),
            empty => *empty = Some(permit),
        }
        Ok(())
    }
}
