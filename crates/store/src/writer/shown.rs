//! What a trace's row shows besides counts. Each value comes from one span (see `best`), and what several spans say is joined:
//! the join of a set does not depend on order.

use bennu_model::Kind;
use prost::Message;

use super::best::{Best, first, last};
use crate::{Error, Result, prepare::Said, stored::format};

/// What one span says, or several together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    /// Bit set of the kinds.
    pub(crate) kinds: i64,
    /// Name and kind.
    pub(crate) root: Best<(String, i64)>,
    pub(crate) input: Best<String>,
    pub(crate) output: Best<String>,
    pub(crate) session: Best<String>,
    pub(crate) user: Best<String>,
    pub(crate) service: Best<String>,
}

impl Shown {
    /// What no span says.
    pub(crate) fn nothing() -> Self {
        Shown {
            start_ns: i64::MAX,
            end_ns: i64::MIN,
            kinds: 0,
            root: Best::default(),
            input: Best::default(),
            output: Best::default(),
            session: Best::default(),
            user: Best::default(),
            service: Best::default(),
        }
    }

    /// What a version of a span says. A pending one has no end yet, whatever it was given as one.
    pub(crate) fn of(span: &Said) -> Self {
        let (first, last) = (first(span), last(span));
        let summary = &span.summary;
        Shown {
            start_ns: span.start_ns,
            end_ns: span.known_end_ns().max(span.start_ns),
            kinds: kind_bit(summary.kind),
            root: Best::new(first, Some((span.name.clone(), summary.kind as i64))),
            input: Best::new(first, summary.input_preview.clone()),
            output: Best::new(last, summary.output_preview.clone()),
            session: Best::new(first, summary.session_id.clone()),
            user: Best::new(first, summary.user_id.clone()),
            service: Best::new(first, summary.service.clone()),
        }
    }

    /// Adds what others say. Where both have a value from the same version of a span, `wins_ties` decides.
    pub(crate) fn join(&mut self, other: Shown, wins_ties: bool) {
        self.start_ns = self.start_ns.min(other.start_ns);
        self.end_ns = self.end_ns.max(other.end_ns);
        self.kinds |= other.kinds;
        self.root.join(other.root, wins_ties);
        self.input.join(other.input, wins_ties);
        self.output.join(other.output, wins_ties);
        self.session.join(other.session, wins_ties);
        self.user.join(other.user, wins_ties);
        self.service.join(other.service, wins_ties);
    }

    /// Whether something in here may come from `gone` alone, seen that `rest` and `new` are still said.
    pub(crate) fn holds(&self, gone: &Shown, rest: &Shown, new: &Shown) -> bool {
        fn held<T>(here: &Best<T>, gone: &Best<T>, new: &Best<T>) -> bool {
            gone.key().is_some() && here.key() == gone.key() && new.key() != gone.key()
        }
        (self.start_ns == gone.start_ns && self.start_ns < rest.start_ns.min(new.start_ns))
            || (self.end_ns == gone.end_ns && self.end_ns > rest.end_ns.max(new.end_ns))
            || gone.kinds & !(rest.kinds | new.kinds) != 0
            || held(&self.root, &gone.root, &new.root)
            || held(&self.input, &gone.input, &new.input)
            || held(&self.output, &gone.output, &new.output)
            || held(&self.session, &gone.session, &new.session)
            || held(&self.user, &gone.user, &new.user)
            || held(&self.service, &gone.service, &new.service)
    }

    /// The form in table `offer`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let text = |best: &Best<String>| offered(best, best.value().cloned());
        format::Offer {
            start_ns: self.start_ns,
            end_ns: self.end_ns,
            kinds: self.kinds,
            root: offered(&self.root, self.root.value().map(|(name, _)| name.clone())),
            root_kind: self.root.value().map_or(0, |(_, kind)| *kind),
            input: text(&self.input),
            output: text(&self.output),
            session: text(&self.session),
            user: text(&self.user),
            service: text(&self.service),
        }
        .encode_to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let offer = format::Offer::decode(bytes).map_err(|_| Error::Damaged("offer"))?;
        let text = |offered: Option<format::Offered>| match offered {
            Some(offered) => Best::stored(Some(offered.key), Some(offered.text)),
            None => Best::default(),
        };
        Ok(Shown {
            start_ns: offer.start_ns,
            end_ns: offer.end_ns,
            kinds: offer.kinds,
            root: match offer.root {
                Some(root) => Best::stored(Some(root.key), Some((root.text, offer.root_kind))),
                None => Best::default(),
            },
            input: text(offer.input),
            output: text(offer.output),
            session: text(offer.session),
            user: text(offer.user),
            service: text(offer.service),
        })
    }
}

fn offered<T>(best: &Best<T>, text: Option<String>) -> Option<format::Offered> {
    let key = best.key()?.to_vec();
    Some(format::Offered { key, text: text? })
}

fn kind_bit(kind: Kind) -> i64 {
    1 << kind as i64
}
