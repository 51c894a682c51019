//! What stands between a trace's content and the markup. Every value in a template passes here.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// HTML's characters as references; control characters as pictures: a NUL or an escape must not vanish, and must not act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Html;

impl Escaper for Html {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let mut written = 0;
        for (at, char) in string.char_indices() {
            let mut picture = [0; 4];
            let replacement = match char {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                '\n' | '\t' => continue,
                // The other half of a line's end.
                '\r' if string[at + 1..].starts_with('\n') => "",
                '\u{7f}' => "\u{2421}",
                '\u{0}'..='\u{1f}' => {
                    let symbol = char::from_u32(0x2400 + char as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                    symbol.encode_utf8(&mut picture)
                }
                '\u{80}'..='\u{9f}' => "\u{fffd}",
                _ => continue,
            };
            dest.write_str(&string[written..at])?;
            dest.write_str(replacement)?;
            written = at + char.len_utf8();
        }
        dest.write_str(&string[written..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_and_nothing_vanishes() {
        let mut escaped = String::new();
        Html.write_escaped_str(&mut escaped, "a<b>&\"'\u{0}\u{1b}[31m\u{7f}\u{85}\nü\t").unwrap();
        let mut lines = String::new();
        Html.write_escaped_str(&mut lines, "a\r\nb\rc").unwrap();
        assert_eq!(lines, "a\nb␍c");
        assert_eq!(escaped, "a&lt;b&gt;&amp;&quot;&#39;␀␛[31m␡\u{fffd}\nü\t");
    }
}
