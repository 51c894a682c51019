//! Documents in whatever shape they come.

use bennu_model::Document;
use serde_json::{Map, Value as Json};

use super::source::parse;

/// Every document of a value: a list, or an object that holds one.
pub(crate) fn documents(json: &Json) -> Vec<Document> {
    match json {
        Json::Array(items) => items.iter().filter_map(document).collect(),
        Json::Object(object) => match object.get("documents") {
            Some(inner) => documents(inner),
            None => document(json).into_iter().collect(),
        },
        _ => Vec::new(),
    }
}

fn document(json: &Json) -> Option<Document> {
    let json = json.get("document").filter(|inner| inner.is_object()).unwrap_or(json);
    // LangChain's serialised objects keep their fields in `kwargs`.
    let json =
        json.get("kwargs").filter(|kwargs| kwargs.is_object() && json.get("lc").is_some()).unwrap_or(json);
    let object = match json {
        Json::String(text) => return Some(Document { text: Some(text.clone()), ..Document::default() }),
        other => other.as_object()?,
    };
    let metadata =
        object.get("metadata").map(|metadata| metadata.as_str().map_or_else(|| metadata.clone(), parse));
    Some(Document {
        id: text(object, &["id", "document_id", "doc_id", "_id"]),
        score: ["score", "relevance_score", "similarity"].iter().find_map(|name| number(object.get(*name)?)),
        text: text(object, &["content", "text", "page_content"]),
        metadata: metadata.filter(|metadata| !metadata.is_null()),
    })
}

/// A score that JSON could not write comes as its name ("NaN"): no score.
fn number(json: &Json) -> Option<f64> {
    json.as_f64().or_else(|| json.as_str()?.trim().parse().ok()).filter(|number: &f64| number.is_finite())
}

fn text(object: &Map<String, Json>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match object.get(*name)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_of_guides_openinference_and_langchain() {
        let read = documents(&json!([
            {"id": "doc-1", "score": 0.5, "text": "a"},
            {"document": {"id": 7, "content": "b", "score": "0.25", "metadata": "{\"source\": \"x.md\"}"}},
            {"page_content": "c", "metadata": {"k": 1}, "score": null},
            "d",
            null,
        ]));
        let expected = [
            (Some("doc-1"), Some(0.5), "a", None),
            (Some("7"), Some(0.25), "b", Some(json!({"source": "x.md"}))),
            (None, None, "c", Some(json!({"k": 1}))),
            (None, None, "d", None),
        ];
        assert_eq!(read.len(), expected.len());
        for (document, (id, score, text, metadata)) in read.iter().zip(expected) {
            assert_eq!(document.id.as_deref(), id);
            assert_eq!(
                (document.score, document.text.as_deref(), &document.metadata),
                (score, Some(text), &metadata)
            );
        }
    }
}
