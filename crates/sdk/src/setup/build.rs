//! From what a [`Builder`] was told to what sends spans.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracerProvider, SpanProcessor},
};

use super::{Builder, Error, Settings, Started};
#[cfg(feature = "grpc")]
use crate::grpc::Grpc;
use crate::{
    Protocol,
    console::Console,
    endpoint,
    export::{Counters, Queue},
    pipeline::{Pipeline, Watch},
    privacy::Private,
    sampling::TailSampler,
    transport::Transport,
};

impl Builder {
    /// `variable` reads the environment.
    pub(super) fn build(self, variable: impl Fn(&str) -> Option<String>) -> Result<Started, Error> {
        let (endpoint, protocol) = endpoint::resolve(self.endpoint.as_deref(), self.protocol, &variable);
        let counters = Arc::new(Counters::to(&endpoint));
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let reason = |reason: String| Error::Endpoint { endpoint: endpoint.clone(), reason };
        let key = self.api_key.or_else(|| variable("PHOENIX_API_KEY"));
        let bearer = key.map(|key| ("authorization".to_owned(), format!("Bearer {}", key.trim())));
        let mut headers = HeaderMap::new();
        for (name, value) in bearer.into_iter().chain(self.headers) {
            let value = HeaderValue::try_from(value)
                .map_err(|_| reason(format!("{name} has a value that is none")))?;
            let name = HeaderName::try_from(name).map_err(|error| reason(error.to_string()))?;
            headers.insert(name, value);
        }
        let mut resource =
            Resource::builder().with_service_name(self.service_name).with_attributes(self.attributes);
        if let Some(project) = self.project.or_else(|| variable("PHOENIX_PROJECT_NAME")) {
            resource =
                resource.with_attribute(KeyValue::new(bennu_semconv::openinference::PROJECT_NAME, project));
        }
        let resource = resource.build();
        let hide = self.hide.or_variables(variable);
        let mut queue = match protocol {
            Protocol::Http => {
                if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
                    return Err(reason("it does not begin with http:// or https://".to_owned()));
                }
                if endpoint.starts_with("https:") && !cfg!(feature = "tls") {
                    return Err(reason("https needs the feature `tls` of bennu-sdk".to_owned()));
                }
                let exporter = SpanExporter::builder()
                    .with_http()
                    .with_http_client(Transport::new(self.timeout, headers.clone(), counters.clone()))
                    .with_endpoint(&endpoint)
                    .with_timeout(self.timeout)
                    .build()
                    .map_err(|error| reason(error.to_string()))?;
                Queue::new(
                    Private::new(exporter, hide, self.redaction),
                    counters.clone(),
                    self.max_queued_spans,
                    self.batch_delay,
                )
            }
            #[cfg(not(feature = "grpc"))]
            Protocol::Grpc => return Err(Error::NoGrpc(endpoint)),
            #[cfg(feature = "grpc")]
            Protocol::Grpc => {
                let exporter = Grpc::new(&endpoint, headers.clone(), self.timeout).map_err(reason)?;
                Queue::new(
                    Private::new(exporter, hide, self.redaction),
                    counters.clone(),
                    self.max_queued_spans,
                    self.batch_delay,
                )
            }
        };
        // Here, because the provider's own call does not reach through the tail sampler.
        queue.set_resource(&resource);
        let mut provider = SdkTracerProvider::builder()
            .with_resource(resource)
            // A conversation of a thousand messages is several thousand attributes; the default of 128 would cut it.
            .with_max_attributes_per_span(u32::MAX);
        #[cfg(feature = "metrics")]
        let measures = self.meter.is_some();
        #[cfg(not(feature = "metrics"))]
        let measures = false;
        provider = provider.with_sampler(self.sampling.head(measures));
        let mut watching: Vec<Box<dyn Watch>> = Vec::new();
        #[cfg(feature = "metrics")]
        if let Some(meter) = &self.meter {
            watching.push(Box::new(crate::metrics::Metrics::new(meter)));
        }
        if self.console {
            watching.push(Box::new(Console));
        }
        #[cfg(feature = "testing")]
        watching.push(Box::new(crate::testing::Recorder));
        let mut tail = None;
        provider = match self.sampling.tail {
            None => provider.with_span_processor(Pipeline::new(watching, queue)),
            Some(rules) => {
                let collector = (protocol == Protocol::Http).then_some(&endpoint[..]);
                let board = rules.board(collector, headers_of(variable, headers));
                let board = board.map_err(|(endpoint, reason)| Error::Endpoint { endpoint, reason })?;
                let sampler = TailSampler::start(rules, board, queue).map_err(Error::NoThread)?;
                tail = Some(sampler.clone());
                provider.with_span_processor(Pipeline::new(watching, sampler))
            }
        };
        let provider = provider.build();
        let tracer = provider.tracer("bennu-sdk");
        let settings =
            Settings { conventions: self.conventions, max_document_chars: self.max_document_chars };
        Ok(Started { provider, tracer, settings, counters, tail })
    }
}

/// With those that the exporter takes from the environment by itself, where none of the same name is given.
fn headers_of(variable: impl Fn(&str) -> Option<String>, mut given: HeaderMap) -> HeaderMap {
    for name in ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"] {
        let Some(list) = variable(name) else { continue };
        for (name, value) in list.split(',').filter_map(|pair| pair.split_once('=')) {
            let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy();
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.trim()), HeaderValue::try_from(&*value))
            {
                given.entry(name).or_insert(value);
            }
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_environment_stand_back() {
        let variable = |name: &str| match name {
            "OTEL_EXPORTER_OTLP_HEADERS" => Some("authorization=Bearer%20b, x-a = 1,odd,y=\n".to_owned()),
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS" => Some("x-a=2".to_owned()),
            _ => None,
        };
        let headers = headers_of(variable, HeaderMap::new());
        assert_eq!(
            (&headers["authorization"], &headers["x-a"]),
            (&"Bearer b".parse().unwrap(), &"2".parse().unwrap())
        );
        let mut given = HeaderMap::new();
        given.insert("authorization", HeaderValue::from_static("Bearer a"));
        assert_eq!(headers_of(variable, given)["authorization"], "Bearer a");
    }
}
