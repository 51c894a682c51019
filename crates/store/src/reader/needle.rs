//! What is searched for, and the comparison that ignores the case of ASCII letters without copying the text.

/// A text that is searched for; never empty.
pub(crate) struct Needle {
    first: [u8; 2],
    rest: Vec<u8>,
}

impl Needle {
    /// `None` for the empty text: everything contains it, which is nothing to search for.
    pub(crate) fn new(text: &str) -> Option<Needle> {
        let (first, rest) = text.as_bytes().split_first()?;
        let first = [first.to_ascii_lowercase(), first.to_ascii_uppercase()];
        Some(Needle { first, rest: rest.to_vec() })
    }

    /// Whether there is an ASCII digit in it.
    pub(crate) fn has_digit(&self) -> bool {
        self.first[0].is_ascii_digit() || self.rest.iter().any(u8::is_ascii_digit)
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.is_in_bytes(text.as_bytes())
    }

    pub(crate) fn is_in_bytes(&self, text: &[u8]) -> bool {
        let Some(last) = text.len().checked_sub(1 + self.rest.len()) else { return false };
        let mut from = 0;
        while let Some(found) = text[from..=last].iter().position(|byte| self.first.contains(byte)) {
            let after = from + found + 1;
            if text[after..after + self.rest.len()].eq_ignore_ascii_case(&self.rest) {
                return true;
            }
            if after > last {
                return false;
            }
            from = after;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_empty_text_is_nothing_to_search_for() {
        assert!(Needle::new("").is_none());
        assert!(Needle::new("a7").unwrap().has_digit() && !Needle::new("ab").unwrap().has_digit());
    }

    proptest! {
        #[test]
        fn it_finds_what_lower_case_copies_find(needle in "[aAbBé]{1,4}", text in "[aAbBcé]{0,12}") {
            let expected = text.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
            prop_assert_eq!(Needle::new(&needle).unwrap().is_in(&text), expected);
        }
    }
}
