//! A span's way through this process: it begins, it ends, whoever watches sees it, and it goes on to be sampled and sent.
//!
//! One processor for all of it: OpenTelemetry's provider gives each of several a copy of every span.

use std::{fmt::Debug, time::Duration};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::context;

/// Sees every span, whatever becomes of it.
pub(crate) trait Watch: Debug + Send + Sync {
    /// One begins in this context.
    fn began(&self, _span: &Span, _parent: &Context) {}

    /// One has ended.
    fn ended(&self, span: &SpanData);
}

/// Gives spans what their context says, shows them to those that watch and hands them on.
#[derive(Debug)]
pub(crate) struct Pipeline<P> {
    watching: Vec<Box<dyn Watch>>,
    next: P,
}

impl<P> Pipeline<P> {
    pub(crate) fn new(watching: Vec<Box<dyn Watch>>, next: P) -> Self {
        Pipeline { watching, next }
    }
}

impl<P: SpanProcessor> SpanProcessor for Pipeline<P> {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        context::apply(span, parent);
        for watch in &self.watching {
            watch.began(span, parent);
        }
        self.next.on_start(span, parent);
    }

    fn on_end(&self, span: SpanData) {
        for watch in &self.watching {
            watch.ended(&span);
        }
        self.next.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

/// Where nobody is sent anything.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub(crate) struct Nowhere;

#[cfg(feature = "testing")]
impl Pipeline<Nowhere> {
    pub(crate) fn to_nowhere(watching: Vec<Box<dyn Watch>>) -> Self {
        Pipeline { watching, next: Nowhere }
    }
}

#[cfg(feature = "testing")]
impl SpanProcessor for Nowhere {
    fn on_start(&self, _span: &mut Span, _parent: &Context) {}

    fn on_end(&self, _span: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
