//! JSON as a tree that folds. Its text, tags left out, is the JSON again, so that what is copied is what was sent.

use serde_json::Value as Json;

use super::Markup;

/// Containers that take fewer characters stand on one line.
const ONE_LINE_CHARS: usize = 64;
/// Containers that take more are folded at first, the outermost aside.
const OPEN_CHARS: usize = 700;
/// Deeper values stand on one line: pages, like stacks, have an end.
const MAX_DEPTH: usize = 24;

/// The tree of a value.
pub(super) fn tree(json: &Json) -> Markup {
    let mut markup = Markup::default();
    markup.tag("<span class=\"json\">");
    write(&mut markup, json, 0);
    markup.tag("</span>");
    markup
}

fn write(markup: &mut Markup, json: &Json, depth: usize) {
    let compact = match json {
        Json::Array(_) | Json::Object(_) => json.to_string(),
        scalar => return write_scalar(markup, scalar),
    };
    if depth >= MAX_DEPTH || compact.chars().take(ONE_LINE_CHARS + 1).count() <= ONE_LINE_CHARS {
        return markup.text(&compact);
    }
    let folded = depth > 0 && compact.len() > OPEN_CHARS;
    markup.tag(if folded { "<details>" } else { "<details open>" });
    markup.tag("<summary>");
    match json {
        Json::Array(items) => {
            markup.tag("[<i data-n=\"");
            markup.text(&items.len().to_string());
            markup.tag("\"></i></summary>");
            for (at, item) in items.iter().enumerate() {
                markup.tag("<div>");
                write(markup, item, depth + 1);
                markup.tag(if at + 1 < items.len() { ",</div>" } else { "</div>" });
            }
            markup.tag("</details>]");
        }
        Json::Object(members) => {
            markup.tag("{<i data-n=\"");
            markup.text(&members.len().to_string());
            markup.tag("\"></i></summary>");
            for (at, (name, value)) in members.iter().enumerate() {
                markup.tag("<div><b>");
                markup.text(&Json::String(name.clone()).to_string());
                markup.tag("</b>: ");
                write(markup, value, depth + 1);
                markup.tag(if at + 1 < members.len() { ",</div>" } else { "</div>" });
            }
            markup.tag("</details>}");
        }
        _ => {}
    }
}

fn write_scalar(markup: &mut Markup, json: &Json) {
    markup.tag(match json {
        Json::String(_) => "<q>",
        _ => "<var>",
    });
    markup.text(&json.to_string());
    markup.tag(match json {
        Json::String(_) => "</q>",
        _ => "</var>",
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_text_of_the_tree_is_the_json() {
        let long = "x".repeat(80);
        let value = json!({"a": [1, null, {"deep<b>": long, "list": vec![long.clone(); 20]}], "b": "é\n\"", "c": {}, "d": []});
        let html = tree(&value).to_string();
        let mut text = String::new();
        let mut in_tag = false;
        for char in html.chars() {
            match char {
                '<' => in_tag = true,
                '>' if in_tag => in_tag = false,
                char if !in_tag => text.push(char),
                _ => {}
            }
        }
        let text =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), value);
        assert_eq!(html.matches("<details open>").count(), 1, "{html}");
        assert_eq!(html.matches("<details>").count(), 3, "{html}");
    }

    #[test]
    fn depth_has_an_end() {
        let mut value = json!("x".repeat(100));
        for _ in 0..100 {
            value = json!([value]);
        }
        assert_eq!(tree(&value).to_string().matches("<details").count(), MAX_DEPTH);
    }
}
