//! OTLP over gRPC.

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry_otlp::{
    SpanExporter, WithExportConfig, WithTonicConfig, tonic_types::metadata::MetadataMap,
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter as Export},
};
use tokio::runtime::Runtime;

/// The exporter with a runtime of its own: the application's may be none, or end before the last spans are sent.
#[derive(Debug)]
pub(crate) struct Grpc {
    exporter: Arc<SpanExporter>,
    runtime: Option<Runtime>,
}

impl Grpc {
    pub(crate) fn new(endpoint: &str, headers: HeaderMap, timeout: Duration) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bennu-sdk-grpc")
            // What sends spans is not to be traced itself: that would never end.
            .on_thread_start(|| std::mem::forget(Context::enter_telemetry_suppressed_scope()))
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let inside = runtime.enter();
        let built = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(timeout)
            .with_metadata(MetadataMap::from_headers(headers))
            .build();
        drop(inside);
        match built {
            Ok(exporter) => Ok(Grpc { exporter: Arc::new(exporter), runtime: Some(runtime) }),
            Err(error) => {
                // Dropped in an asynchronous context it must not wait.
                runtime.shutdown_background();
                Err(error.to_string())
            }
        }
    }
}

impl Export for Grpc {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let Some(runtime) = &self.runtime else { return Err(OTelSdkError::AlreadyShutdown) };
        let exporter = self.exporter.clone();
        let exporting = runtime.spawn(async move { exporter.export(batch).await });
        exporting.await.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}

impl Drop for Grpc {
    fn drop(&mut self) {
        // Dropped in an asynchronous context it must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
