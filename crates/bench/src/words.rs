//! Text like people's: 30,000 words, the common ones far more common than the rare. A vocabulary of a few dozen words would
//! flatter compression and search.

/// A seeded source of numbers (xorshift64*): fast, and the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Below the bound, by Zipf's law: the first are far more common than the last.
    pub(crate) fn skewed(&mut self, bound: usize) -> usize {
        ((bound as f64).powf(self.unit()) as usize - 1).min(bound - 1)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(N + 8);
        while bytes.len() < N {
            bytes.extend_from_slice(&self.next().to_be_bytes());
        }
        bytes.truncate(N);
        bytes
    }
}

/// The vocabulary.
#[derive(Debug, Clone)]
pub(crate) struct Words(Vec<String>);

const SIZE: usize = 30_000;

impl Words {
    pub(crate) fn new() -> Self {
        const SYLLABLES: [&str; 40] = [
            "a", "be", "con", "da", "er", "fi", "gra", "hi", "in", "jo", "ka", "lo", "men", "no", "or",
            "pre", "qui", "re", "sta", "ti", "un", "ver", "wa", "xi", "yo", "zu", "al", "bro", "cha", "dis",
            "el", "for", "ge", "ho", "im", "ju", "ly", "ma", "ness", "tion",
        ];
        let mut random = Random::new(1);
        let words = (0..SIZE).map(|rank| {
            // Common words are short, as in every language.
            let syllables = 1 + usize::from(rank > 60) + usize::from(rank > 2_000) + random.below(2);
            (0..syllables).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect::<String>()
        });
        Words(words.collect())
    }

    /// A text of that many words, rank by Zipf's law.
    pub(crate) fn text(&self, random: &mut Random, words: usize) -> String {
        let mut text = String::with_capacity(words * 7);
        for at in 0..words {
            if at > 0 {
                text.push_str(if random.below(12) == 0 { ". " } else { " " });
            }
            text.push_str(&self.0[random.skewed(SIZE)]);
        }
        text
    }
}
