//! JSON as a tree that folds. Its text, tags left out, is the JSON again: numbers, the order of members and members that repeat are as
//! they were sent, so the tree is made from the text, not from a value that was read from it.

use serde::de::IgnoredAny;

use super::Markup;

/// Containers that take fewer characters stand on one line.
const ONE_LINE_CHARS: usize = 64;
/// Containers that take more are folded at first, the outermost aside.
const OPEN_CHARS: usize = 700;
/// Deeper values stand on one line: pages, like stacks, have an end.
const MAX_DEPTH: usize = 24;
/// Lists of more numbers and short texts than this run on like prose.
const MAX_LINES: usize = 40;

/// The tree of a JSON text; `None` if it is not JSON.
pub(super) fn tree(text: &str) -> Option<Markup> {
    // Checked by a parser that bounds depth; what follows may then trust brackets and quotes.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut tree = Tree { text, at: 0, markup: Markup::default() };
    tree.markup.tag("<span class=\"json\">");
    tree.value(0);
    tree.markup.tag("</span>");
    Some(tree.markup)
}

struct Tree<'t> {
    text: &'t str,
    at: usize,
    markup: Markup,
}

impl Tree<'_> {
    fn value(&mut self, depth: usize) {
        self.space();
        let open = self.peek();
        if open != b'{' && open != b'[' {
            return self.scalar();
        }
        let start = self.at;
        let (end, elements, nested) = self.container();
        let whole = &self.text[start..end];
        let one_line = whole.chars().take(ONE_LINE_CHARS + 1).count() <= ONE_LINE_CHARS;
        let runs_on = open == b'[' && !nested && elements > MAX_LINES;
        if depth >= MAX_DEPTH || one_line || runs_on || elements == 0 {
            self.at = end;
            return self.markup.text(whole);
        }
        let folded = depth > 0 && whole.len() > OPEN_CHARS;
        self.markup.tag(if folded { "<details><summary>" } else { "<details open><summary>" });
        self.markup.tag(if open == b'{' { "{<i data-n=\"" } else { "[<i data-n=\"" });
        self.markup.text(&elements.to_string());
        self.markup.tag("\"></i></summary>");
        self.at = start + 1;
        for element in 0..elements {
            self.markup.tag("<div>");
            if open == b'{' {
                self.space();
                self.markup.tag("<b>");
                self.string();
                self.markup.tag("</b>: ");
                self.space();
                self.at += 1;
            }
            self.value(depth + 1);
            self.space();
            // The comma, or the closing bracket.
            self.at += 1;
            self.markup.tag(if element + 1 < elements { ",</div>" } else { "</div>" });
        }
        self.at = end;
        self.markup.tag(if open == b'{' { "</details>}" } else { "</details>]" });
    }

    /// Where the container that begins here ends, how many elements it has, and whether one of them is a container.
    fn container(&self) -> (usize, usize, bool) {
        let bytes = self.text.as_bytes();
        let (mut depth, mut commas, mut any, mut nested) = (0_usize, 0, false, false);
        let mut at = self.at;
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    any = true;
                    at = string_end(bytes, at) - 1;
                }
                b'{' | b'[' => {
                    nested |= depth > 0;
                    any |= depth > 0;
                    depth += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return (at + 1, if any { commas + 1 } else { 0 }, nested);
                    }
                }
                b',' if depth == 1 => commas += 1,
                byte if !byte.is_ascii_whitespace() => any = true,
                _ => {}
            }
            at += 1;
        }
        (bytes.len(), 0, nested)
    }

    fn scalar(&mut self) {
        if self.peek() == b'"' {
            self.markup.tag("<q>");
            self.string();
            self.markup.tag("</q>");
            return;
        }
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
        self.markup.tag("<var>");
        self.markup.text(&rest[..end]);
        self.markup.tag("</var>");
        self.at += end;
    }

    /// Letters that were written as numbers (`\u00e9`) are shown as letters: they mean the same.
    fn string(&mut self) {
        let end = string_end(self.text.as_bytes(), self.at);
        let raw = &self.text[self.at..end];
        self.at = end;
        let readable = if raw.contains("\\u") { serde_json::from_str::<String>(raw).ok() } else { None };
        match readable.and_then(|text| serde_json::to_string(&text).ok()) {
            Some(readable) => self.markup.text(&readable),
            None => self.markup.text(raw),
        }
    }

    fn space(&mut self) {
        while self.peek().is_ascii_whitespace() {
            self.at += 1;
        }
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }
}

/// The place after the closing quote of the string that begins at a quote.
fn string_end(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    /// The text of the tree, as a browser would have it.
    fn text_of(html: &str) -> String {
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
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        text.replace("&amp;", "&")
    }

    #[test]
    fn the_text_of_the_tree_is_the_json() {
        let long = "x".repeat(80);
        let value = json!({"a": [1, null, {"deep<b>": long, "list": vec![long.clone(); 20]}], "b": "é\n\"", "c": {}, "d": []});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let html = tree(&text).unwrap().to_string();
            assert_eq!(serde_json::from_str::<Json>(&text_of(&html)).unwrap(), value);
            assert_eq!(html.matches("<details open>").count(), 1, "{html}");
            assert_eq!(html.matches("<details>").count(), 3, "{html}");
        }
    }

    #[test]
    fn nothing_is_lost_that_a_value_would_lose() {
        let text = format!(
            r#"{{"id":123456789012345678901234567890,"x":1.10,"e":1e2,"k":1,"k":2,"u":"\u00e9\ud800","long":"{}"}}"#,
            "x".repeat(80)
        );
        let shown = text_of(&tree(&text).unwrap().to_string());
        assert_eq!(shown.replace("\": ", "\":"), text, "a lone half of a pair stays as it was written");
        assert!(tree("{\"a\":").is_none() && tree("nonsense").is_none());
        let escaped = tree(&format!(r#"["\u00e9","{}"]"#, "x".repeat(80))).unwrap().to_string();
        assert!(escaped.contains("&quot;é&quot;"), "{escaped}");
    }

    #[test]
    fn depth_and_lists_have_an_end() {
        let mut value = json!("x".repeat(100));
        for _ in 0..100 {
            value = json!([value]);
        }
        assert_eq!(tree(&value.to_string()).unwrap().to_string().matches("<details").count(), MAX_DEPTH);
        let numbers: Vec<usize> = (0..3_000).collect();
        assert!(tree(&json!({ "vector": numbers }).to_string()).unwrap().len_bytes() < 20_000);
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let scalar = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            ".{0,90}".prop_map(Json::from),
        ];
        scalar.prop_recursive(5, 80, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
                prop::collection::vec((".{0,12}", inner), 0..8)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_the_value(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let html = tree(&text).unwrap().to_string();
            // Control characters are shown as pictures, within strings only where JSON lets them stand: U+007F and U+0080 to U+009F.
            prop_assume!(!text.chars().any(|c| ('\u{7f}'..='\u{9f}').contains(&c)));
            prop_assert_eq!(serde_json::from_str::<Json>(&text_of(&html)).unwrap(), serde_json::from_str::<Json>(&text).unwrap());
        }

        #[test]
        fn whatever_the_text(text in r#"[\[\]{}",:0-9a\\ \nu]{0,60}"#) {
            let _ = tree(&text);
        }
    }
}
