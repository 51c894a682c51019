//! What is kept, on its way into the queue. A long trace is longer than the queue: what does not fit yet waits here, within bounds.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry_sdk::trace::{SpanData, SpanProcessor};

use super::span::size_bytes;
use crate::export::Queue;

/// The queue, and what waits for room in it. No lock is held while the queue has a span: it may log, and who listens to the log may
/// end spans of its own.
#[derive(Debug)]
pub(super) struct Outgoing {
    queue: Queue,
    waiting: Mutex<Waiting>,
    max_spans: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    spans: VecDeque<SpanData>,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, span: SpanData) {
        self.bytes += size_bytes(&span);
        self.spans.push_back(span);
    }

    fn push_front(&mut self, span: SpanData) {
        self.bytes += size_bytes(&span);
        self.spans.push_front(span);
    }

    fn pop(&mut self) -> Option<SpanData> {
        let span = self.spans.pop_front()?;
        self.bytes -= size_bytes(&span);
        Some(span)
    }
}

impl Outgoing {
    pub(super) fn new(queue: Queue, max_spans: usize, max_bytes: usize) -> Self {
        Outgoing { queue, waiting: Mutex::default(), max_spans, max_bytes }
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Bytes that wait, about.
    pub(super) fn bytes(&self) -> usize {
        self.waiting().bytes
    }

    /// What finds no room here, either, is given to the queue, which loses and counts it.
    pub(super) fn send(&self, spans: Vec<SpanData>) {
        for span in spans {
            // The order stays: what waits goes first.
            let waits = !self.waiting().spans.is_empty();
            let span = match waits {
                true => span,
                false => match self.queue.try_queue(span) {
                    Ok(()) => continue,
                    Err(span) => *span,
                },
            };
            let lost = {
                let mut waiting = self.waiting();
                if waiting.spans.len() >= self.max_spans || waiting.bytes >= self.max_bytes {
                    Some(span)
                } else {
                    waiting.push(span);
                    None
                }
            };
            if let Some(span) = lost {
                self.queue.on_end(span);
            }
        }
    }

    /// Gives the queue what it has room for; whether all of it went.
    pub(super) fn drain(&self) -> bool {
        loop {
            let next = self.waiting().pop();
            let Some(span) = next else { return true };
            if let Err(span) = self.queue.try_queue(span) {
                self.waiting().push_front(*span);
                return false;
            }
        }
    }

    /// Sends what waits for room, as long as there is time: the queue sends whenever it has a batch.
    pub(super) fn push_out(&self, until: Instant) {
        const PAUSE: Duration = Duration::from_millis(5);
        while !self.drain() && Instant::now() < until {
            std::thread::sleep(PAUSE);
        }
    }

    /// What does not fit now is lost, and counted as that.
    pub(super) fn give_up(&self) {
        let left = std::mem::take(&mut *self.waiting()).spans;
        left.into_iter().for_each(|span| self.queue.on_end(span));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
