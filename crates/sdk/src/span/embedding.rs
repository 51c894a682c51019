//! Embeddings.

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{Array, KeyValue, Value, trace::SpanKind};

use serde::Serialize;

use super::{Span, Usage};
use crate::conventions::json;

/// The kind of [`EmbeddingSpan`].
#[derive(Debug)]
pub enum Embedding {}

/// Texts made into vectors.
pub type EmbeddingSpan = Span<Embedding>;

/// Begins to embed texts with a model.
pub fn embedding_span<T: AsRef<str>>(model: &str, texts: &[T]) -> EmbeddingSpan {
    Span::begin("embedding", "EMBEDDING", SpanKind::Client, |settings, out| {
        if settings.conventions.open_inference() {
            out.push(KeyValue::new(openinference::EMBEDDING_MODEL_NAME, model.to_owned()));
            for (n, text) in texts.iter().enumerate() {
                out.push(KeyValue::new(member(n, "text"), text.as_ref().to_owned()));
            }
        }
        if settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::OPERATION_NAME, "embeddings"));
            out.push(KeyValue::new(gen_ai::REQUEST_MODEL, model.to_owned()));
        }
    })
}

fn member(index: usize, name: &str) -> String {
    format!("{}.{index}.embedding.{name}", openinference::EMBEDDING_EMBEDDINGS)
}

impl EmbeddingSpan {
    /// Who answers: `openai`, `azure`.
    pub fn provider(self, provider: &str) -> Self {
        self.named(openinference::LLM_PROVIDER, gen_ai::PROVIDER_NAME, provider)
    }

    /// The parameters of the request, anything that serialises to a JSON object: `dimensions`. Only OpenInference has a name for them.
    pub fn parameters(self, parameters: &impl Serialize) -> Self {
        if self.settings.conventions.open_inference() {
            self.set_attribute(openinference::EMBEDDING_INVOCATION_PARAMETERS, json(parameters));
        }
        self
    }

    /// Records the model that answered, for which only `gen_ai` has a name.
    pub fn record_response_model(&self, model: &str) {
        if self.settings.conventions.gen_ai() {
            self.set_attribute(gen_ai::RESPONSE_MODEL, model.to_owned());
        }
    }

    /// Records the vectors, in the order of the texts. They are large; who does not need them leaves them out. Only OpenInference
    /// has a name for them.
    pub fn record_vectors(&self, vectors: &[Vec<f32>]) {
        if self.settings.conventions.open_inference() {
            let values = |vector: &[f32]| vector.iter().map(|number| f64::from(*number)).collect();
            let all = vectors.iter().enumerate();
            let all = all.map(|(n, vector)| {
                KeyValue::new(member(n, "vector"), Value::Array(Array::F64(values(vector))))
            });
            self.set(all);
        }
        if let Some(vector) = vectors.first().filter(|_| self.settings.conventions.gen_ai()) {
            self.set_attribute("gen_ai.embeddings.dimension.count", vector.len() as i64);
        }
    }

    /// Records the tokens that were embedded.
    pub fn record_tokens(&self, tokens: u64) {
        let mut out = Vec::new();
        Usage { input: Some(tokens), ..Usage::default() }.write(self.settings, &mut out);
        self.set(out);
    }
}
