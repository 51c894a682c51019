//! A place in a JSON text, which is read in one direction and need not be whole.
//!
//! Not serde_json: it gives up the whole text for one mistake in it, and a body that was cut off, a bare `NaN` or half a
//! surrogate pair is to cost only what it stands in. Passing over a value keeps no stack, so depth does not matter.

use memchr::memchr2;

use super::{super::Broken, text};
use std::borrow::Cow;

/// Reads one value after another. White space before a value belongs to nobody.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Cursor { text, at: 0 }
    }

    /// The first byte of what comes next.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// What was read since the cursor was there.
    pub(super) fn since(&self, earlier: &Self) -> &'a [u8] {
        self.text.get(earlier.at..self.at).unwrap_or_default()
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Whether a byte comes next; it is passed.
    fn pass(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// What is wrong when something else was expected.
    fn broken(&mut self) -> Broken {
        if self.peek().is_none() { Broken::Cut } else { Broken::Malformed }
    }

    /// Passes over a value and gives its text.
    pub(super) fn skip(&mut self) -> Result<&'a [u8], Broken> {
        let first = self.peek().ok_or(Broken::Cut)?;
        let start = self.at;
        match first {
            b'"' => drop(self.string_inside()?),
            b'{' | b'[' => self.skip_nested()?,
            b',' | b':' | b']' | b'}' => return Err(Broken::Malformed),
            _ => self.skip_word(),
        }
        Ok(&self.text[start..self.at])
    }

    fn skip_nested(&mut self) -> Result<(), Broken> {
        let mut open = 0_usize;
        loop {
            match self.text.get(self.at).ok_or(Broken::Cut)? {
                b'"' => {
                    self.string_inside()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// A number, `true`, or whatever else stands there up to the next mark.
    fn skip_word(&mut self) {
        let marks = b",:]}[{\" \n\r\t";
        let length = self.rest().iter().position(|byte| marks.contains(byte));
        self.at += length.unwrap_or(self.rest().len());
    }

    /// Passes over a string; gives what stands between its quotes, escapes and all.
    fn string_inside(&mut self) -> Result<&'a [u8], Broken> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            let rest = self.text.get(at..).ok_or(Broken::Cut)?;
            let found = memchr2(b'"', b'\\', rest).ok_or(Broken::Cut)?;
            if rest[found] == b'"' {
                self.at = at + found + 1;
                return Ok(&self.text[start..at + found]);
            }
            at += found + 2;
        }
    }

    /// A string's text, and whether it had to be mended; the text of anything else as it stands there; nothing for `null`.
    pub(super) fn string(&mut self) -> Result<(Cow<'a, str>, bool), Broken> {
        if self.peek() == Some(b'"') {
            return self.string_inside().map(text::unescape);
        }
        let (text, mended) = text::lossy(self.skip()?);
        Ok((if text == "null" { Cow::Borrowed("") } else { text }, mended))
    }

    /// Whether `null` comes next; it is passed.
    pub(super) fn null(&mut self) -> bool {
        let is_next = self.peek() == Some(b'n') && self.rest().starts_with(b"null");
        self.at += if is_next { 4 } else { 0 };
        is_next
    }

    /// Whether something comes next that does not begin with this byte, and is not `null`.
    pub(super) fn is_other_than(&mut self, open: u8) -> bool {
        self.peek().is_some_and(|first| first != open) && !self.rest().starts_with(b"null")
    }

    /// Calls for every member of an object, which has to read or skip its value. Anything but an object has no members.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&str, &mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.pass(b'{') {
            return self.skip().map(drop);
        }
        if self.pass(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.broken());
            }
            let (name, _) = text::unescape(self.string_inside()?);
            if !self.pass(b':') {
                return Err(self.broken());
            }
            member(&name, self)?;
            if self.pass(b'}') {
                return Ok(());
            }
            if !self.pass(b',') {
                return Err(self.broken());
            }
        }
    }

    /// Calls for every element of an array, which has to read or skip it. Anything but an array has no elements.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.pass(b'[') {
            return self.skip().map(drop);
        }
        if self.pass(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.pass(b']') {
                return Ok(());
            }
            if !self.pass(b',') {
                return Err(self.broken());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_passed_over_whole() {
        for value in [
            r#"{"a": "x}]\"", "b": [1, {"c": []}]}"#,
            "\"\\\\\"",
            "-1.5e3",
            "NaN",
            "null",
            &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ] {
            let text = format!(" {value} , 7");
            let mut cursor = Cursor::new(text.as_bytes());
            assert_eq!(cursor.skip(), Ok(value.as_bytes()));
            assert_eq!(cursor.peek(), Some(b','));
        }
        for (text, broken) in [
            ("", Broken::Cut),
            ("{\"a\": [1", Broken::Cut),
            ("\"a\\\"", Broken::Cut),
            ("\"a\\", Broken::Cut),
            ("]", Broken::Malformed),
        ] {
            assert_eq!(Cursor::new(text.as_bytes()).skip(), Err(broken), "{text}");
        }
    }

    #[test]
    fn members_and_elements_come_until_the_first_mistake() {
        let read = |text: &str| {
            let mut seen = Vec::new();
            let outcome = Cursor::new(text.as_bytes()).object(|name, value| {
                let mut elements = 0;
                value.array(|element| {
                    elements += 1;
                    element.skip().map(drop)
                })?;
                seen.push(format!("{name}{elements}"));
                Ok(())
            });
            (seen.join(" "), outcome)
        };
        assert_eq!(read(r#" {"a": [1, [2, 3]], "b\u0063": [], "d": 5} x"#), ("a2 bc0 d0".into(), Ok(())));
        assert_eq!(read(r#"{"a": [1], "b": [1"#), ("a1".into(), Err(Broken::Cut)));
        assert_eq!(read(r#"{"a": [1], "b" [1]}"#), ("a1".into(), Err(Broken::Malformed)));
        assert_eq!(read(r#"{"a": [1}"#), ("".into(), Err(Broken::Malformed)));
        assert_eq!(read(r#"{"a": [1], }"#), ("a1".into(), Err(Broken::Malformed)));
        assert_eq!(read("[1]"), ("".into(), Ok(())));
    }

    proptest! {
        #[test]
        fn any_bytes_end(text in prop::collection::vec(prop::sample::select(br#"{}[]",:\ud83dnulNa0 "#.to_vec()), 0..80)) {
            let mut cursor = Cursor::new(&text);
            while cursor.skip().is_ok() {}
            let _ = Cursor::new(&text).object(|_, value| value.array(|element| element.string().map(drop)));
        }
    }
}
