//! What the sender is told of a request that was taken.

use std::borrow::Cow;

/// What could not be read, and what was kept although something in it could not. OTLP has one answer for both: a partial
/// success with a count of what was rejected, 0 when there are warnings only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Items that were refused.
    pub rejected: Counted,
    /// Items, resources and scopes that were kept, with something mended or cut.
    pub warnings: Counted,
}

impl Report {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.rejected.reasons.is_empty() && self.warnings.reasons.is_empty()
    }

    /// Sentences for the sender: `2 spans: trace_id is missing; kept, but: 1 span: …`.
    pub fn message(&self) -> String {
        let mut message = self.rejected.message();
        if !self.warnings.reasons.is_empty() {
            let separator = if message.is_empty() { "" } else { "; " };
            message.push_str(separator);
            message.push_str("kept, but: ");
            message.push_str(&self.warnings.message());
        }
        message
    }
}

/// Things counted by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    reasons: Vec<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reason {
    /// What is counted: "span"; nothing for a sentence of its own.
    what: &'static str,
    said: Cow<'static, str>,
    count: u64,
}

/// Reasons told apart in one reply; what exceeds them is counted with the last.
const MAX_REASONS: usize = 8;

impl Counted {
    /// Counts a span, or whatever it is.
    pub fn add(&mut self, what: &'static str, said: impl Into<Cow<'static, str>>) {
        let said = said.into();
        let known = self.reasons.iter().position(|reason| reason.what == what && reason.said == said);
        match known {
            Some(at) => self.reasons[at].count += 1,
            None if self.reasons.len() < MAX_REASONS => self.reasons.push(Reason { what, said, count: 1 }),
            None => self.reasons[MAX_REASONS - 1].count += 1,
        }
    }

    /// Says something about the body as a whole, before anything else. It counts as one.
    pub fn note(&mut self, said: String) {
        self.reasons.insert(0, Reason { what: "", said: said.into(), count: 1 });
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.reasons.iter().map(|reason| reason.count).sum()
    }

    /// A sentence for the sender: `2 spans: trace_id is missing; 1 span: …`.
    pub fn message(&self) -> String {
        let parts: Vec<String> = self
            .reasons
            .iter()
            .map(|Reason { what, said, count }| match what.is_empty() {
                true => said.to_string(),
                false => format!("{count} {what}{}: {said}", if *count == 1 { "" } else { "s" }),
            })
            .collect();
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rejected_comes_before_what_is_only_mended() {
        let mut report = Report::default();
        assert!(report.is_empty());
        report.warnings.add("span", "its parent_id is not 8 bytes");
        assert_eq!(report.message(), "kept, but: 1 span: its parent_id is not 8 bytes");
        for said in ["a", "b", "a"] {
            report.rejected.add("span", said);
        }
        report.rejected.note("the body is cut off".into());
        assert_eq!(
            report.message(),
            "the body is cut off; 2 spans: a; 1 span: b; kept, but: 1 span: its parent_id is not 8 bytes"
        );
        assert_eq!((report.rejected.count(), report.warnings.count()), (4, 1));
    }

    #[test]
    fn any_number_of_reasons_makes_a_short_answer() {
        let mut counted = Counted::default();
        (0..1000).for_each(|n| counted.add("span", format!("reason {n}")));
        assert_eq!((counted.count(), counted.reasons.len()), (1000, MAX_REASONS));
    }
}
