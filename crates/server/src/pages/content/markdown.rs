//! Markdown to HTML. The parser is pulldown-cmark; what becomes HTML is decided here, event by event, from a short list of
//! tags. Raw HTML in the text stays text, images are not loaded, and a link leads to http, https or mail and nowhere else.
//!
//! Writing only what is on the list is what a sanitiser would do afterwards: ammonia brings 55 crates, 33 s of release build
//! and 1.5 MB for it (measured on two cores), and would see nothing here that it could remove.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Markup;

/// Containers within containers beyond this are not written: ten thousand ">" are ten thousand quotes.
const MAX_DEPTH: usize = 16;

/// The HTML of a text.
pub(super) fn html(text: &str) -> Markup {
    let mut writer = Writer::default();
    for event in Parser::new_ext(text, options()) {
        writer.event(event);
    }
    writer.markup
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// The end of the block that holds the place `at`: a text may be cut there without changing what its parts mean.
pub(super) fn block_end(text: &str, at: usize) -> usize {
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && range.end >= at {
                    return range.end;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Writer {
    /// Quotes, lists and items that are open.
    depth: usize,
    markup: Markup,
    in_table_head: bool,
    /// Whether each open link was written as one.
    links: Vec<bool>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        let markup = &mut self.markup;
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => markup.text(&text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                markup.tag("<code>");
                markup.text(&text);
                markup.tag("</code>");
            }
            Event::FootnoteReference(text) => markup.text(&text),
            Event::SoftBreak => markup.tag("\n"),
            Event::HardBreak => markup.tag("<br>"),
            Event::Rule => markup.tag("<hr>"),
            Event::TaskListMarker(done) => markup.tag(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        if matches!(tag, Tag::BlockQuote(_) | Tag::List(_) | Tag::Item) {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return;
            }
        }
        let markup = &mut self.markup;
        let tag = match tag {
            Tag::Paragraph | Tag::HtmlBlock => "<p>",
            // The page has its own headings; those of a text stand below them.
            Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. } => "<h5>",
            Tag::Heading { .. } => "<h6>",
            Tag::BlockQuote(_) => "<blockquote>",
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) if !language.is_empty() => {
                markup.tag("<pre data-language=\"");
                markup.text(&language);
                "\">"
            }
            Tag::CodeBlock(_) => "<pre>",
            Tag::List(Some(first)) => {
                markup.tag("<ol start=\"");
                markup.text(&first.to_string());
                "\">"
            }
            Tag::List(None) => "<ul>",
            Tag::Item => "<li>",
            Tag::Table(_) => "<div class=\"scroll\" tabindex=\"0\"><table>",
            Tag::TableHead => {
                self.in_table_head = true;
                "<tr>"
            }
            Tag::TableRow => "<tr>",
            Tag::TableCell if self.in_table_head => "<th>",
            Tag::TableCell => "<td>",
            Tag::Emphasis => "<em>",
            Tag::Strong => "<strong>",
            Tag::Strikethrough => "<s>",
            Tag::Link { dest_url, .. } => {
                let leads_out = is_web(&dest_url);
                self.links.push(leads_out);
                if leads_out {
                    markup.tag("<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"");
                    markup.text(&dest_url);
                    "\">"
                } else {
                    ""
                }
            }
            Tag::Image { dest_url, .. } => {
                markup.tag("<span class=\"sub\">[image ");
                let address: String = dest_url.chars().take(80).collect();
                markup.text(&address);
                " "
            }
            _ => "",
        };
        markup.tag(tag);
    }

    fn end(&mut self, tag: TagEnd) {
        if matches!(tag, TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) {
            self.depth -= 1;
            if self.depth >= MAX_DEPTH {
                return;
            }
        }
        self.markup.tag(match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => "</p>",
            TagEnd::Heading(HeadingLevel::H1 | HeadingLevel::H2) => "</h5>",
            TagEnd::Heading(_) => "</h6>",
            TagEnd::BlockQuote(_) => "</blockquote>",
            TagEnd::CodeBlock => "</pre>",
            TagEnd::List(true) => "</ol>",
            TagEnd::List(false) => "</ul>",
            TagEnd::Item => "</li>",
            TagEnd::Table => "</table></div>",
            TagEnd::TableHead => {
                self.in_table_head = false;
                "</tr>"
            }
            TagEnd::TableRow => "</tr>",
            TagEnd::TableCell if self.in_table_head => "</th>",
            TagEnd::TableCell => "</td>",
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</s>",
            TagEnd::Link if self.links.pop() == Some(true) => "</a>",
            TagEnd::Image => "]</span>",
            _ => "",
        });
    }
}

/// Whether an address leads to the web or to a mailbox; anything with another scheme, and anything that is relative to this
/// page, does not.
fn is_web(url: &str) -> bool {
    let starts =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://") || starts("mailto:")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_write() {
        for (text, expected) in [
            ("a *b* **c**", "<p>a <em>b</em> <strong>c</strong></p>"),
            ("# t", "<h5>t</h5>"),
            ("```rust\na<b\n```", "<pre data-language=\"rust\">a&lt;b\n</pre>"),
            ("2. x\n3. y", "<ol start=\"2\"><li>x</li><li>y</li></ol>"),
            (
                "[x](https://e.org/?a&b)",
                "<p><a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"https://e.org/?a&amp;b\">x</a></p>",
            ),
            ("[x](javascript:alert(1)) [y](/projects)", "<p>x y</p>"),
            (
                "![alt](https://e.org/p.png)",
                "<p><span class=\"sub\">[image https://e.org/p.png alt]</span></p>",
            ),
            ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
            ("a <img src=x onerror=y>", "<p>a &lt;img src=x onerror=y&gt;</p>"),
            (
                "|a|b|\n|-|-|\n|1|<b>|",
                "<div class=\"scroll\" tabindex=\"0\"><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>&lt;b&gt;</td></tr></table></div>",
            ),
        ] {
            assert_eq!(html(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn depth_has_an_end_and_cuts_lie_between_blocks() {
        assert!(html(&">".repeat(12_000)).len_bytes() < 20_000);
        let text = "one\n\n- item\n\n    still the item\n\ntwo";
        assert_eq!(&text[block_end(text, 8)..], "two");
        assert_eq!(block_end("~~~\n```\n\nx\n~~~\n\nend", 6), 14);
    }

    proptest! {
        /// Whatever is written, the tags are ours.
        #[test]
        fn only_tags_of_the_list(text in r#"([\[\]()<>!`*_#|\-:"'=/\\ \n&;]|javascript:|data:|<script|onerror=|<svg|https://|a|1\. ){0,60}"#) {
            const KNOWN: [&str; 23] = [
                "p", "h5", "h6", "blockquote", "pre", "pre data-language=", "ol start=", "ol", "ul", "li", "table", "tr",
                "th", "td", "em", "strong", "s", "a", "span class=", "code", "br", "hr", "div",
            ];
            let written = html(&text).to_string();
            for tag in written.split('<').skip(1) {
                let name = tag.trim_start_matches('/');
                let known = KNOWN.iter().any(|known| name.starts_with(&format!("{known}>")) || name.starts_with(&format!("{known}\"")))
                    || name.starts_with("a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"http")
                    || name.starts_with("a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"mailto:")
                    || name.starts_with("div class=\"scroll\" tabindex=\"0\">");
                prop_assert!(known, "<{tag} in {written}");
            }
        }
    }
}
