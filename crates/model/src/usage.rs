//! Tokens, counted one way whatever the dialect.

use serde::Serialize;

/// How many kinds of token are counted apart; the length of [`Tokens`].
pub const TOKEN_TYPES: usize = 6;

/// Token counts in the order input, output, cache read, cache write, reasoning, unsplit: the form that is added up.
pub type Tokens = [u64; TOKEN_TYPES];

/// What a span reports. `None` is unknown, which is not zero.
///
/// `input` includes cache reads and writes, `output` includes reasoning, whatever the dialect meant: the OpenTelemetry GenAI
/// convention's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens sent to the model, cached ones included.
    pub input: Option<u64>,
    /// Tokens the model returned, reasoning included.
    pub output: Option<u64>,
    /// Part of `input` read from the provider's cache.
    pub cache_read: Option<u64>,
    /// Part of `input` written to the provider's cache.
    pub cache_write: Option<u64>,
    /// Part of `output` spent on reasoning.
    pub reasoning: Option<u64>,
    /// A total that came without its split into input and output.
    pub unsplit: Option<u64>,
}

impl Usage {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Usage::default()
    }

    /// Input and output together, as far as they are known.
    pub fn total(&self) -> Option<u64> {
        [self.input, self.output, self.unsplit].into_iter().flatten().reduce(u64::saturating_add)
    }

    /// The counts for adding up; unknown counts as nothing.
    pub fn tokens(&self) -> Tokens {
        self.parts().map(Option::unwrap_or_default)
    }

    /// The six counts in the order of [`Tokens`].
    pub fn parts(&self) -> [Option<u64>; TOKEN_TYPES] {
        [self.input, self.output, self.cache_read, self.cache_write, self.reasoning, self.unsplit]
    }

    /// The inverse of [`Usage::parts`].
    pub fn from_parts(parts: [Option<u64>; TOKEN_TYPES]) -> Usage {
        let [input, output, cache_read, cache_write, reasoning, unsplit] = parts;
        Usage { input, output, cache_read, cache_write, reasoning, unsplit }
    }

    /// Sums, where what adds to nothing is unknown.
    pub fn from_tokens(tokens: Tokens) -> Usage {
        Usage::from_parts(tokens.map(|count| (count > 0).then_some(count)))
    }
}

impl Serialize for Usage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Answer {
            input: Option<u64>,
            output: Option<u64>,
            cache_read: Option<u64>,
            cache_write: Option<u64>,
            reasoning: Option<u64>,
            total: Option<u64>,
        }
        let Usage { input, output, cache_read, cache_write, reasoning, .. } = *self;
        Answer { input, output, cache_read, cache_write, reasoning, total: self.total() }
            .serialize(serializer)
    }
}
