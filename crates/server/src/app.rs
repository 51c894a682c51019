//! What every handler shares.

use std::sync::Arc;

use bennu_store::Store;
use tokio::sync::{Semaphore, watch};

use crate::{
    config::Config,
    guard::Guard,
    receive::{Board, Budget},
};

/// Large bodies that are decoded at the same time. One thread decodes more than the one that writes can store.
const LARGE_AT_ONCE: usize = 1;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) guard: Guard,
    pub(crate) budget: Budget,
    /// Which traces senders keep that sample.
    pub(crate) board: Board,
    /// Decoding is CPU work: as many at once as there are cores.
    pub(crate) decoders: Arc<Semaphore>,
    /// Large bodies take several times their size while they are decoded: few are at once, however many cores there are.
    pub(crate) large: Arc<Semaphore>,
    /// Answers with whole spans take memory: few are made at once.
    pub(crate) answers: Semaphore,
    /// So do pages of traces: each has the light rows of up to 100,000 spans.
    pub(crate) pages: Semaphore,
    pub(crate) max_body_bytes: usize,
    /// Where senders reach this program; known once the ports are bound.
    pub(crate) addresses: Addresses,
    /// Says that the program stops; what would go on for ever ends then.
    stop: watch::Sender<bool>,
}

/// The ports that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Pages, JSON and OTLP/HTTP.
    pub http: std::net::SocketAddr,
    /// OTLP/gRPC.
    pub grpc: Option<std::net::SocketAddr>,
    /// OTLP/HTTP alone.
    pub otlp: Option<std::net::SocketAddr>,
}

impl App {
    pub(crate) fn new(store: Store, config: &Config, addresses: Addresses) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        App(Arc::new(Shared {
            store,
            guard: Guard::new(config),
            budget: Budget::new(config.max_queue_bytes),
            board: Board::new(),
            decoders: Arc::new(Semaphore::new(cores)),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            answers: Semaphore::new(cores),
            pages: Semaphore::new(2 * cores),
            max_body_bytes: config.max_body_bytes,
            addresses,
            stop: watch::Sender::new(false),
        }))
    }

    /// Tells everything that would go on for ever to end.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether the program stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The store, if every handler is gone; else the app again.
    pub(crate) fn into_store(self) -> Result<Store, App> {
        Arc::try_unwrap(self.0).map(|shared| shared.store).map_err(App)
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
