//! Who asks: users with sessions of several traces, many at a time.

use crate::words::Random;

/// Sessions that go on at once: their traces come interleaved.
const OPEN: usize = 40;
const USERS: usize = 500;

/// A conversation of one user.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) user: String,
    left: usize,
}

#[derive(Debug, Default)]
pub(crate) struct People {
    open: Vec<Session>,
    begun: usize,
}

impl People {
    /// Whose turn it is: a session of 3 to 8 traces, of one of 500 users of whom some ask far more often.
    pub(crate) fn next(&mut self, random: &mut Random) -> Session {
        while self.open.len() < OPEN {
            let id = format!("session-{:08x}-{}", random.next() as u32, self.begun);
            self.begun += 1;
            self.open.push(Session {
                id,
                user: format!("user-{}", random.skewed(USERS)),
                left: 3 + random.below(6),
            });
        }
        let at = random.below(self.open.len());
        self.open[at].left -= 1;
        if self.open[at].left == 0 { self.open.swap_remove(at) } else { self.open[at].clone() }
    }
}
