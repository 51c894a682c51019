//! A registry of functions that the model may call.

use std::{collections::BTreeMap, fmt::Display, pin::Pin, sync::Arc};

use bennu_sdk::tool_span;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::retrieve::HybridRetriever;

type Outcome = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// A function with what the model is told of it.
pub struct Tool {
    name: &'static str,
    description: &'static str,
    /// JSON schema of the arguments.
    parameters: Value,
    run: Box<dyn Fn(Value) -> Outcome + Send + Sync>,
}

impl Tool {
    /// A tool of a function whose arguments deserialise from what the schema describes.
    pub fn new<A, R, E>(
        name: &'static str,
        description: &'static str,
        parameters: Value,
        run: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        R: Future<Output = Result<Value, E>> + Send + 'static,
        E: Display,
    {
        let run = move |arguments: Value| -> Outcome {
            match serde_json::from_value(arguments) {
                Ok(arguments) => {
                    let running = run(arguments);
                    Box::pin(async move { running.await.map_err(|error| error.to_string()) })
                }
                Err(error) => Box::pin(std::future::ready(Err(format!("the arguments do not fit: {error}")))),
            }
        };
        Tool { name, description, parameters, run: Box::new(run) }
    }
}

/// Tools by name.
#[derive(Default)]
pub struct Registry(BTreeMap<&'static str, Tool>);

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Registry {
    /// Adds a tool; one of the same name is replaced.
    pub fn register(&mut self, tool: Tool) {
        self.0.insert(tool.name, tool);
    }

    /// What a model is offered, as a chat request has it.
    pub fn schemas(&self) -> Vec<Value> {
        let schema = |tool: &Tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }})
        };
        self.0.values().map(schema).collect()
    }

    /// Calls a tool as the model asked for it: `arguments` is JSON text. Returns what the model is told, an error included: it may
    /// do better the next time.
    pub async fn call(&self, id: &str, name: &str, arguments: &str) -> Value {
        let parsed: Result<Value, _> =
            serde_json::from_str(if arguments.is_empty() { "{}" } else { arguments });
        let shown = parsed.as_ref().map_or_else(|_| json!(arguments), Value::clone);
        let outcome = tool_span(name, &shown)
            .call_id(id)
            .trace(async |span| {
                let arguments = parsed.map_err(|error| format!("the arguments are no JSON: {error}"))?;
                let tool = self.0.get(name).ok_or_else(|| format!("there is no tool {name}"))?;
                let result = (tool.run)(arguments).await?;
                span.record_output(&result);
                Ok::<_, String>(result)
            })
            .await;
        outcome.unwrap_or_else(|error| json!({"error": error}))
    }
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Search {
    query: String,
    #[serde(default = "four")]
    top_k: usize,
}

fn four() -> usize {
    4
}

#[derive(Deserialize)]
struct Fetch {
    id: String,
}

/// The stack's own: `now`, `search_docs`, `fetch_chunk`.
pub fn registry(retriever: Arc<HybridRetriever>) -> Registry {
    /// More chunks than this help no model.
    const MAX_TOP_K: usize = 10;
    let mut registry = Registry::default();
    registry.register(Tool::new(
        "now",
        "The time, in UTC.",
        json!({"type": "object", "properties": {}}),
        |_: Nothing| async { OffsetDateTime::now_utc().format(&Rfc3339).map(|now| json!({"utc": now})) },
    ));
    let searching = retriever.clone();
    registry.register(Tool::new(
        "search_docs",
        "Searches the documents; returns the best chunks with their ids and scores.",
        json!({
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "What to look for."},
                "top_k": {"type": "integer", "minimum": 1, "maximum": MAX_TOP_K, "default": 4},
            },
            "required": ["query"],
        }),
        move |search: Search| {
            let retriever = searching.clone();
            async move {
                if search.query.trim().is_empty() {
                    return Err("the query is empty".to_owned());
                }
                let found = retriever.retrieve(&search.query, search.top_k.clamp(1, MAX_TOP_K)).await;
                let found = found.map_err(|error| error.to_string())?;
                let found: Vec<Value> = found
                    .iter()
                    .map(|found| {
                        let chunk = &found.chunk;
                        json!({"id": chunk.id, "title": chunk.title, "score": found.score, "text": chunk.text})
                    })
                    .collect();
                Ok::<_, String>(json!(found))
            }
        },
    ));
    registry.register(Tool::new(
        "fetch_chunk",
        "A chunk, whole, by the id that a search returned.",
        json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}),
        move |fetch: Fetch| {
            let chunk = retriever.chunk(&fetch.id).cloned();
            async move {
                let chunk = chunk.ok_or_else(|| format!("there is no chunk {}", fetch.id))?;
                Ok::<_, String>(json!({"id": chunk.id, "title": chunk.title, "text": chunk.text}))
            }
        },
    ));
    registry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_wrong_is_said_to_the_model() {
        let mut registry = Registry::default();
        let double = |fetch: Fetch| async move {
            let number: i64 = fetch.id.parse()?;
            Ok::<_, std::num::ParseIntError>(json!(2 * number))
        };
        registry.register(Tool::new("double", "Doubles.", json!({"type": "object"}), double));
        let said = async |name: &str, arguments: &str| registry.call("c", name, arguments).await.to_string();
        assert_eq!(said("double", r#"{"id": "21"}"#).await, "42");
        for (name, arguments, expected) in [
            ("double", r#"{"id": "x"}"#, "invalid digit"),
            ("double", "{", "no JSON"),
            ("double", "", "do not fit"),
            ("triple", "{}", "there is no tool triple"),
        ] {
            let said = said(name, arguments).await;
            assert!(said.contains("\"error\"") && said.contains(expected), "{said}");
        }
        assert_eq!(registry.schemas()[0]["function"]["name"], "double");
    }
}
