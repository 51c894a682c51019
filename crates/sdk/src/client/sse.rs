//! Server-sent events, cut anywhere.
//!
//! The WHATWG's format as far as models' servers use it: the data of each event. Their JSON says what kind of event it is, so names
//! and ids of events are passed over.

/// Bytes of an event; a larger one is left out. The last event of a Responses stream has the whole answer.
const MAX_EVENT_BYTES: usize = 16 << 20;

/// Reads events from the pieces of a body.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Of the line that has not ended; at its beginning, the bytes that tell whether it is data.
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last piece ended in CR: a LF at the beginning of the next belongs to it.
    after_cr: bool,
    /// The first line may begin with a byte order mark.
    begun: bool,
    too_large: bool,
}

impl Events {
    /// Takes in a piece; `hear` is given the data of each event that it completes.
    pub(super) fn push(&mut self, mut piece: &[u8], mut hear: impl FnMut(&[u8])) {
        while !piece.is_empty() {
            if std::mem::take(&mut self.after_cr) && piece[0] == b'\n' {
                piece = &piece[1..];
                continue;
            }
            let Some(at) = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.extend(piece);
                return;
            };
            self.extend(&piece[..at]);
            self.after_cr = piece[at] == b'\r';
            piece = &piece[at + 1..];
            self.end_line(&mut hear);
        }
    }

    /// The body has ended. Servers forget the empty line after the last event.
    pub(super) fn end(&mut self, mut hear: impl FnMut(&[u8])) {
        if !self.line.is_empty() {
            self.end_line(&mut hear);
        }
        self.dispatch(&mut hear);
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.line.len() + self.data.len() + bytes.len() <= MAX_EVENT_BYTES {
            self.line.extend_from_slice(bytes);
        } else {
            self.too_large = true;
            self.data = Vec::new();
            // A comment in its place: an empty line would be the end of the event.
            self.line = vec![b':'];
        }
    }

    fn end_line(&mut self, hear: &mut impl FnMut(&[u8])) {
        let line = std::mem::take(&mut self.line);
        let mut rest = &line[..];
        if !std::mem::replace(&mut self.begun, true) {
            rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
        }
        if rest.is_empty() {
            self.dispatch(hear);
        } else if let Some(value) = data(rest).filter(|_| !self.too_large) {
            if std::mem::replace(&mut self.has_data, true) {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        }
        // Its memory serves the next line, unless it is a lot.
        if line.capacity() <= 64 << 10 {
            self.line = line;
            self.line.clear();
        }
    }

    fn dispatch(&mut self, hear: &mut impl FnMut(&[u8])) {
        let whole = !std::mem::take(&mut self.too_large);
        if std::mem::take(&mut self.has_data) && whole {
            hear(&self.data);
        }
        self.data.clear();
        if self.data.capacity() > 64 << 10 {
            self.data = Vec::new();
        }
    }
}

/// The value of a line of data.
fn data(line: &[u8]) -> Option<&[u8]> {
    let value = match line.strip_prefix(b"data")? {
        [] => &[],
        [b':', b' ', value @ ..] | [b':', value @ ..] => value,
        _ => return None,
    };
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let mut all = Vec::new();
        let mut hear = |data: &[u8]| all.push(String::from_utf8_lossy(data).into_owned());
        for piece in pieces {
            events.push(piece, &mut hear);
        }
        events.end(&mut hear);
        all
    }

    #[test]
    fn events_are_read_as_the_format_has_them() {
        for (body, expected) in [
            ("data: a\n\ndata: b\n\n", &["a", "b"][..]),
            ("data:a\r\n\r\ndata:b\r\rdata: c\n\n", &["a", "b", "c"]),
            ("event: delta\nid: 7\ndata: {\"a\":\ndata: 1}\n\n", &["{\"a\":\n1}"]),
            (": a comment\n\nretry: 3\n\ndata\n\n", &[""]),
            ("\u{feff}data: é\n\n", &["é"]),
            ("database: x\n\n\n\ndata:  two\n\n", &[" two"]),
            ("data: the end is missing", &["the end is missing"]),
            ("data: [DONE]\n", &["[DONE]"]),
            ("", &[]),
        ] {
            assert_eq!(heard(&[body.as_bytes()]), expected, "{body:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_left_out_alone() {
        let large = vec![b'x'; MAX_EVENT_BYTES];
        let pieces: &[&[u8]] =
            &[b"data: a\n\ndata: ", &large, b"\ndata: y\n\ndata: b\n\ndata: ", &large, &large];
        assert_eq!(heard(pieces), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn cut_anywhere_it_is_the_same(
            lines in proptest::collection::vec("(data: ?|: |)[a-c\u{e9}{}]{0,4}(\n|\r|\r\n|\n\n)", 0..12),
            cut in 1..7usize,
        ) {
            let body = lines.concat();
            let pieces: Vec<&[u8]> = body.as_bytes().chunks(cut).collect();
            prop_assert_eq!(heard(&pieces), heard(&[body.as_bytes()]));
        }

        #[test]
        fn anything_is_taken(bytes: Vec<u8>) {
            heard(&[&bytes]);
        }
    }
}
