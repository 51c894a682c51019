//! What applications say: texts, counts of tokens, documents that recur.

use super::draft::App;
use crate::{
    otlp::{KeyValue, int, text},
    people::{People, Session},
    words::{Random, Words},
};

/// Documents of the knowledge base that `rag` searches.
const DOCUMENTS: usize = 3_000;

/// A seeded author.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) random: Random,
    pub(super) system: String,
    /// The JSON schema of the one tool.
    pub(super) tools: String,
    words: Words,
    documents: Vec<String>,
    people: People,
}

impl Writer {
    pub(super) fn new(seed: u64) -> Self {
        let words = Words::new();
        let tools = format!(
            r#"{{"type": "function", "function": {{"name": "search_docs", "description": "{}", "parameters": {{"type": "object", "properties": {{"query": {{"type": "string"}}}}, "required": ["query"]}}}}}}"#,
            words.text(&mut Random::new(3), 12)
        );
        Writer {
            random: Random::new(seed),
            system: words.text(&mut Random::new(2), 60),
            tools,
            words,
            documents: Vec::new(),
            people: People::default(),
        }
    }

    /// A text of about so many words: half to one and a half.
    pub(super) fn text(&mut self, words: usize) -> String {
        let words = words / 2 + self.random.below(words);
        self.words.text(&mut self.random, words)
    }

    pub(super) fn session(&mut self) -> Session {
        self.people.next(&mut self.random)
    }

    /// A call as OpenInference writes it: the request as JSON and once more as flattened messages.
    pub(super) fn call(&self, app: &App, said: &str, answer: &str) -> Vec<KeyValue> {
        let request = format!(
            r#"{{"model": "{}", "messages": [{{"role": "system", "content": "{}"}}, {{"role": "user", "content": "{said}"}}]}}"#,
            app.model, self.system
        );
        let mut attributes = model(app).to_vec();
        attributes.extend([
            text("input.value", request),
            text("input.mime_type", "application/json"),
            text("llm.input_messages.0.message.role", "system"),
            text("llm.input_messages.0.message.content", &self.system),
            text("llm.input_messages.1.message.role", "user"),
            text("llm.input_messages.1.message.content", said),
            text("llm.output_messages.0.message.role", "assistant"),
            text("llm.output_messages.0.message.content", answer),
            text("output.value", answer),
        ]);
        attributes
    }

    pub(super) fn usage(&mut self) -> [KeyValue; 3] {
        let (prompt, completion) =
            (200 + self.random.below(2_000) as i64, 20 + self.random.below(400) as i64);
        [
            int("llm.token_count.prompt", prompt),
            int("llm.token_count.completion", completion),
            int("llm.token_count.total", prompt + completion),
        ]
    }

    /// The numbers of that many different documents; some are found far more often than others.
    pub(super) fn found(&mut self, count: usize) -> Vec<usize> {
        let mut found = Vec::with_capacity(count);
        while found.len() < count {
            let document = self.random.skewed(DOCUMENTS);
            if !found.contains(&document) {
                found.push(document);
            }
        }
        found
    }

    /// A document by its number. They are written when the first is asked for, the same for every seed.
    pub(super) fn document(&mut self, number: usize) -> &str {
        if self.documents.is_empty() {
            let mut random = Random::new(4);
            self.documents = (0..DOCUMENTS)
                .map(|_| {
                    let words = 30 + random.below(70);
                    self.words.text(&mut random, words)
                })
                .collect();
        }
        &self.documents[number]
    }
}

/// What every call to a model carries beside its messages.
pub(super) fn model(app: &App) -> [KeyValue; 3] {
    [
        text("llm.model_name", app.model),
        text("llm.provider", app.provider),
        text("llm.invocation_parameters", format!(r#"{{"model": "{}", "temperature": 0.2}}"#, app.model)),
    ]
}
