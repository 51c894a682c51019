//! Metrics of model calls, as a meter provider gets them.

use std::collections::BTreeMap;

use bennu_sdk::{Conventions, Message, TailSampling, Usage, agent_span, embedding_span, llm_span, tool_span};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, Metric, MetricData},
};

use crate::collector::traced;

/// By name and attributes: how many were recorded, and their sum.
fn points(metric: &Metric) -> Vec<(String, u64, f64)> {
    let about = |attributes: &mut dyn Iterator<Item = &opentelemetry::KeyValue>| {
        let said: BTreeMap<_, _> =
            attributes.map(|pair| (pair.key.to_string(), pair.value.to_string())).collect();
        let said: Vec<String> = said.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", metric.name(), said.join(" "))
    };
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Histogram(points)) => points
            .data_points()
            .map(|point| (about(&mut point.attributes()), point.count(), point.sum() as f64))
            .collect(),
        AggregatedMetrics::F64(MetricData::Histogram(points)) => points
            .data_points()
            .map(|point| (about(&mut point.attributes()), point.count(), point.sum()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_model_call_is_measured_however_few_traces_are_kept() {
    for conventions in [Conventions::OpenInference, Conventions::GenAi, Conventions::Both] {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
        let collector = traced(
            |builder| {
                let builder = builder.conventions(conventions).tail_sampling(TailSampling::keep(0.0).alone());
                builder.metrics(provider.meter("test"))
            },
            || {
                agent_span("goal").in_scope(|| {
                    for tokens in [10, 20] {
                        let call = llm_span("m", &[Message::user("q")]).provider("openai");
                        call.record_usage(&Usage {
                            input: Some(tokens),
                            output: Some(1),
                            ..Usage::default()
                        });
                        call.record_response(None, Some("m-2026"));
                    }
                    let mut answer = llm_span("m", &[Message::user("q")]).stream();
                    answer.push_text("a");
                    answer.finish();
                    embedding_span("e", &["text"]).record_tokens(7);
                    drop(tool_span("t", ""));
                });
            },
        );
        assert!(collector.spans().is_empty(), "no trace is kept");
        provider.force_flush().unwrap();
        let finished = exporter.get_finished_metrics().unwrap();
        let metrics = finished.iter().flat_map(|metrics| metrics.scope_metrics());
        let mut points: Vec<_> = metrics.flat_map(|scope| scope.metrics()).flat_map(points).collect();
        points.sort_by(|one, other| one.0.cmp(&other.0));
        let call = "gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=m gen_ai.response.model=m-2026";
        let stream = "gen_ai.operation.name=chat gen_ai.request.model=m";
        let embedding = "gen_ai.operation.name=embeddings gen_ai.request.model=e";
        let expected = [
            (format!("gen_ai.client.operation.duration {call}"), 2, None),
            (format!("gen_ai.client.operation.duration {stream}"), 1, None),
            (format!("gen_ai.client.operation.duration {embedding}"), 1, None),
            (format!("gen_ai.client.operation.time_to_first_chunk {stream}"), 1, None),
            (format!("gen_ai.client.token.usage {call} gen_ai.token.type=input"), 2, Some(30.0)),
            (format!("gen_ai.client.token.usage {call} gen_ai.token.type=output"), 2, Some(2.0)),
            (format!("gen_ai.client.token.usage {embedding} gen_ai.token.type=input"), 1, Some(7.0)),
        ];
        assert_eq!(points.len(), expected.len(), "{points:#?}");
        for ((name, count, sum), (expected_name, expected_count, expected_sum)) in
            points.iter().zip(&expected)
        {
            assert_eq!((name, count), (expected_name, expected_count), "{conventions:?}");
            assert!(expected_sum.is_none_or(|expected| expected == *sum), "{name}: {sum}");
            assert!(*sum > 0.0 && *sum < 60.0);
        }
    }
}

#[test]
fn what_a_head_sampler_drops_is_measured_and_a_call_that_two_tell_of_once() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let collector = traced(
        |builder| builder.sample_ratio(0.0).metrics(provider.meter("test")),
        || {
            for n in 0..10 {
                let outer = llm_span("m", "q");
                outer.in_scope(|| llm_span("m", "q").record_response(Some(&format!("answer-{n}")), None));
                outer.record_response(Some(&format!("answer-{n}")), None);
            }
        },
    );
    assert!(collector.spans().is_empty(), "nothing is sampled");
    provider.force_flush().unwrap();
    let finished = exporter.get_finished_metrics().unwrap();
    let metric = finished[0].scope_metrics().next().unwrap().metrics().next().unwrap();
    assert_eq!(points(metric)[0].1, 10);
}

#[test]
fn a_failure_is_measured_with_its_class() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    traced(
        |builder| builder.metrics(provider.meter("test")),
        || {
            let failed = llm_span("m", "q").trace_sync(|_| Err::<(), _>(std::io::Error::other("broken")));
            assert!(failed.is_err());
        },
    );
    provider.force_flush().unwrap();
    let finished = exporter.get_finished_metrics().unwrap();
    let metric = finished[0].scope_metrics().next().unwrap().metrics().next().unwrap();
    assert!(points(metric)[0].0.contains("error.type=std::io::error::Error"), "{:?}", points(metric));
}
