//! JSON in lines, two spaces a level, as it comes: no value is read, so the order of keys and the digits of numbers stay.

use std::io::{self, Write};

/// Writes JSON that comes in pieces, cut anywhere, to `output`. What is no JSON is passed on somehow.
pub(super) struct Pretty<W> {
    output: W,
    depth: usize,
    /// Whether nothing stands yet in the array or object that was opened last.
    is_empty: bool,
    /// Whether this is within a text, and whether its next byte is escaped.
    text: Option<bool>,
}

impl<W: Write> Pretty<W> {
    pub(super) fn new(output: W) -> Self {
        Pretty { output, depth: 0, is_empty: false, text: None }
    }

    /// Goes to the next line.
    fn line(&mut self) -> io::Result<()> {
        self.output.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| self.output.write_all(b"  "))
    }

    /// Before a value or a key: the first of an array or object stands in a line of its own.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_empty) { self.line() } else { Ok(()) }
    }

    /// As much of a text as there is; returns how much that is.
    fn text(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut at = 0;
        if self.text == Some(true) && !bytes.is_empty() {
            self.text = Some(false);
            at = 1;
        }
        while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
            at += found + 1;
            if bytes[at - 1] == b'"' {
                self.text = None;
                self.output.write_all(&bytes[..at])?;
                return Ok(at);
            }
            // The byte after a backslash, if it has come.
            if at == bytes.len() {
                self.text = Some(true);
            } else {
                at += 1;
            }
        }
        self.output.write_all(bytes)?;
        Ok(bytes.len())
    }

    /// A byte outside of texts.
    fn byte(&mut self, byte: u8) -> io::Result<()> {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => return Ok(()),
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if !std::mem::take(&mut self.is_empty) {
                    self.line()?;
                }
            }
            b',' | b':' => {}
            _ => self.begin()?,
        }
        self.output.write_all(&[byte])?;
        match byte {
            b'{' | b'[' => {
                self.depth += 1;
                self.is_empty = true;
            }
            b'"' => self.text = Some(false),
            b',' => self.line()?,
            b':' => self.output.write_all(b" ")?,
            _ => {}
        }
        Ok(())
    }
}

impl<W: Write> Write for Pretty<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.text.is_some() {
                at += self.text(&bytes[at..])?;
            } else {
                self.byte(bytes[at])?;
                at += 1;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// What comes in pieces of a length.
    fn pretty(json: &str, length: usize) -> String {
        let mut written = Vec::new();
        let mut pretty = Pretty::new(&mut written);
        json.as_bytes().chunks(length).for_each(|piece| pretty.write_all(piece).unwrap());
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn it_is_what_serde_writes_however_it_is_cut() {
        let value = json!({
            "z": [], "a": {}, "list": [1, -2.5e300, true, null, [[]], {"x": {"y": "z"}}],
            "text": "{\"quoted\": [\\]}, ünd\n\u{1}", "": "\\", "end": "\"",
        });
        let expected = serde_json::to_string_pretty(&value).unwrap();
        for length in 1..40 {
            assert_eq!(pretty(&value.to_string(), length), expected);
        }
        assert_eq!(pretty(&expected, 7), expected);
        for scalar in ["1", "\"[\"", "null", "[]", "{}"] {
            assert_eq!(pretty(scalar, 1), scalar);
        }
        // Digits that no number of this machine has.
        assert_eq!(pretty("[1.000,12345678901234567890123]", 3), "[\n  1.000,\n  12345678901234567890123\n]");
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        assert_eq!(pretty("]}]", 1), "\n]\n}\n]");
        pretty("{\"a", 1);
        assert_eq!(pretty("", 1), "");
    }

    proptest! {
        #[test]
        fn texts_stay_as_they_are(keys in proptest::collection::vec(".*", 0..4), text in ".*", length in 1..9_usize) {
            let value: Value = keys.into_iter().map(|key| (key, json!([text.clone()]))).collect();
            prop_assert_eq!(pretty(&value.to_string(), length), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
