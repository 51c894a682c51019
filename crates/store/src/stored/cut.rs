//! Where to cut a large JSON text, so that the parts two calls share are stored once.
//!
//! Agents send their whole history with every call, as one JSON text: `[{…},{…}]`, or an object that holds such an array
//! (`{"messages": [{…},{…}], "model": …}`). The cut finds the array that matters and the byte range of each element. It is a
//! scanner, not a parser: the ranges joined give the text back byte for byte whether or not it is valid JSON.

use std::ops::Range;

/// Shorter texts are stored whole.
pub(crate) const MIN_TEXT_BYTES: usize = 256;
/// Elements shorter than this on average (numbers, enumerations) are not worth a row each.
const MIN_ELEMENT_BYTES: usize = 40;
/// A longer array is stored whole: a row each would cost more than it saves.
const MAX_ELEMENTS: usize = 10_000;
/// Deeper nesting is not looked into.
const MAX_DEPTH: usize = 512;

/// `text[..open]`, the elements joined by `separator`, `text[close..]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) open: usize,
    pub(crate) elements: Vec<Range<usize>>,
    /// The bytes between any two elements.
    pub(crate) separator: Range<usize>,
    pub(crate) close: usize,
}

/// Where to cut, if it pays.
pub(crate) fn cut(text: &str) -> Option<Cut> {
    let bytes = text.as_bytes();
    if bytes.len() < MIN_TEXT_BYTES {
        return None;
    }
    main_array(bytes)?.into_cut(bytes)
}

/// The elements of a text that is too short to be cut, where cutting a longer one that begins so would find them.
pub(crate) fn short_elements(text: &str) -> Option<Vec<Range<usize>>> {
    if text.len() >= MIN_TEXT_BYTES {
        return None;
    }
    main_array(text.as_bytes()).map(|array| array.elements).filter(|elements| !elements.is_empty())
}

fn main_array(bytes: &[u8]) -> Option<Array> {
    let start = skip_space(bytes, 0);
    let mut array = match bytes.get(start)? {
        b'[' => Array::scan(bytes, start)?,
        b'{' => largest_member_array(bytes, start)?,
        _ => return None,
    };
    // LangChain nests a batch of one: [[{…},{…}]].
    while array.elements.len() == 1 && bytes[array.elements[0].start] == b'[' {
        array = Array::scan(bytes, array.elements[0].start)?;
    }
    Some(array)
}

/// An array's elements, without the white space around them.
struct Array {
    elements: Vec<Range<usize>>,
    /// One past the closing bracket.
    end: usize,
}

impl Array {
    /// Reads the array whose bracket is at `start`.
    fn scan(bytes: &[u8], start: usize) -> Option<Array> {
        let mut elements = Vec::new();
        let mut at = skip_space(bytes, start + 1);
        if bytes.get(at) == Some(&b']') {
            return Some(Array { elements, end: at + 1 });
        }
        loop {
            let end = skip_value(bytes, at)?;
            elements.push(at..end);
            if elements.len() > MAX_ELEMENTS {
                return None;
            }
            at = skip_space(bytes, end);
            match bytes.get(at)? {
                b',' => at = skip_space(bytes, at + 1),
                b']' => return Some(Array { elements, end: at + 1 }),
                _ => return None,
            }
        }
    }

    /// The cut, unless elements are small, scalar, or joined in different ways.
    fn into_cut(self, bytes: &[u8]) -> Option<Cut> {
        let (first, last) = (self.elements.first()?.clone(), self.elements.last()?.clone());
        let worth = (last.end - first.start) / self.elements.len() >= MIN_ELEMENT_BYTES;
        let structured = self.elements.iter().all(|range| matches!(bytes[range.start], b'{' | b'[' | b'"'));
        let separator = match self.elements.get(1) {
            Some(second) => first.end..second.start,
            None => 0..0,
        };
        let uniform = self
            .elements
            .windows(2)
            .all(|pair| bytes[pair[0].end..pair[1].start] == bytes[separator.clone()]);
        (worth && structured && uniform).then_some(Cut {
            open: first.start,
            elements: self.elements,
            separator,
            close: last.end,
        })
    }
}

/// The member of the object at `start` that is an array and holds most of the text.
fn largest_member_array(bytes: &[u8], start: usize) -> Option<Array> {
    let mut largest: Option<(usize, Array)> = None;
    let mut at = skip_space(bytes, start + 1);
    loop {
        if bytes.get(at)? != &b'"' {
            break;
        }
        at = skip_space(bytes, skip_string(bytes, at)?);
        if bytes.get(at)? != &b':' {
            break;
        }
        at = skip_space(bytes, at + 1);
        let end = if bytes.get(at)? == &b'[' {
            match Array::scan(bytes, at) {
                Some(array) => {
                    let (size, end) = (array.end - at, array.end);
                    if largest.as_ref().is_none_or(|(largest, _)| size > *largest) {
                        largest = Some((size, array));
                    }
                    end
                }
                None => skip_value(bytes, at)?,
            }
        } else {
            skip_value(bytes, at)?
        };
        at = skip_space(bytes, end);
        if bytes.get(at) != Some(&b',') {
            break;
        }
        at = skip_space(bytes, at + 1);
    }
    largest.filter(|(size, _)| size * 3 >= bytes.len()).map(|(_, array)| array)
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// One past the string whose quote is at `at`.
fn skip_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    at += 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// One past the value that begins at `at`; brackets are matched by count, not by kind.
fn skip_value(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => skip_string(bytes, at),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0, at);
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = skip_string(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
                if depth > MAX_DEPTH {
                    return None;
                }
            }
        }
        b',' | b']' | b'}' => None,
        _ => Some(
            bytes[at..].iter().position(|byte| b",]} \n\r\t".contains(byte)).map_or(bytes.len(), |n| at + n),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Puts a cut text together again.
    fn join(text: &str, cut: &Cut) -> String {
        let elements: Vec<&str> = cut.elements.iter().map(|range| &text[range.clone()]).collect();
        [&text[..cut.open], &elements.join(&text[cut.separator.clone()]), &text[cut.close..]].concat()
    }

    fn elements(text: &str) -> Vec<&str> {
        cut(text).map(|cut| cut.elements.into_iter().map(|range| &text[range]).collect()).unwrap_or_default()
    }

    fn message(n: usize) -> String {
        format!(
            r#"{{"role": "user", "content": "message {n} with \"quotes\", [brackets] and {}"}}"#,
            "x".repeat(40)
        )
    }

    #[test]
    fn an_array_is_cut_at_its_elements() {
        let messages: Vec<String> = (0..5).map(message).collect();
        for (open, separator, close) in [("[", ",", "]"), ("[", ", ", "]"), ("[\n  ", ",\n  ", "\n]\n")] {
            let text = [open, &messages.join(separator), close].concat();
            assert_eq!(elements(&text), messages);
        }
    }

    #[test]
    fn the_array_that_holds_most_of_an_object_is_cut() {
        let messages: Vec<String> = (0..5).map(message).collect();
        let text = format!(
            r#"{{"model": "m", "stop": [], "messages": [{}], "tools": [1, 2]}}"#,
            messages.join(", ")
        );
        assert_eq!(elements(&text), messages);
        let nested = format!(r#"{{"messages": [[{}]], "kwargs": {{}}}}"#, messages.join(", "));
        assert_eq!(elements(&nested), messages);
    }

    #[test]
    fn what_does_not_pay_stays_whole() {
        let numbers = format!("[{}]", (0..500).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
        let broken = format!("[{}", [message(1), message(2), message(3), message(4)].join(","));
        let uneven = format!("[{}, {},{}]", message(1), message(2), message(3));
        for text in ["[]", "[1]", &numbers, &broken, &uneven, &"[".repeat(5000), &"x".repeat(500)] {
            assert_eq!(cut(text), None, "{text:.60}");
        }
    }

    proptest! {
        #[test]
        fn joined_it_is_the_text(text in r#"[\[{]{1,2}([\[\]{}:," \\a\n]|\{"a": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"\}|é|, ){1,60}"#) {
            let text = text + &" ".repeat(MIN_TEXT_BYTES);
            if let Some(cut) = cut(&text) {
                prop_assert_eq!(join(&text, &cut), text);
            }
        }
    }
}
