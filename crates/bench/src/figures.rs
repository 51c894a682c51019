//! Figures: what a table shows and what JSON holds, said once.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::send::Sent;

/// How a figure is written in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A number of things, or of things a second.
    Count,
    /// Three digits.
    Short,
    Megabytes,
}

/// A row of the table: one value or two of a kind.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// With its unit.
    pub(crate) label: String,
    pub(crate) unit: Unit,
    /// Where it stands in JSON (`write/ack_p50_ms`), and the value in the unit that its key names.
    pub(crate) values: Vec<(String, f64)>,
}

/// All figures of one server, in the order of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures(pub(crate) Vec<Figure>);

impl Figures {
    pub(crate) fn one(&mut self, label: &str, unit: Unit, path: &str, value: f64) {
        self.0.push(Figure { label: label.into(), unit, values: vec![(path.into(), value)] });
    }

    /// The median and the 99th percentile of latencies; `path` becomes `{path}p50_ms` and `{path}p99_ms`.
    pub(crate) fn percentiles(&mut self, label: &str, path: &str, latencies: &mut [Duration]) {
        latencies.sort_unstable();
        let of = |share| percentile(latencies, share).as_secs_f64() * 1e3;
        let values = vec![(format!("{path}p50_ms"), of(0.5)), (format!("{path}p99_ms"), of(0.99))];
        self.0.push(Figure { label: format!("{label}, p50 / p99, ms"), unit: Unit::Short, values });
    }

    /// Adds them to a JSON object, at their paths.
    pub(crate) fn write(&self, object: &mut Map<String, Value>) {
        for (path, value) in self.0.iter().flat_map(|figure| &figure.values) {
            let mut at = &mut *object;
            let mut keys = path.split('/').peekable();
            while let Some(key) = keys.next() {
                if keys.peek().is_none() {
                    at.insert(key.into(), (*value).into());
                    break;
                }
                let inner = at.entry(key).or_insert_with(|| Value::Object(Map::new()));
                match inner {
                    Value::Object(inner) => at = inner,
                    // A path never goes through a figure.
                    _ => break,
                }
            }
        }
    }
}

/// The smallest that this share of all does not exceed (nearest rank); the list is sorted.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Spans a second of each tenth of the spans, in the order in which they were acknowledged; none of too few requests.
pub(crate) fn tenths(sent: &Sent) -> Option<[f64; 10]> {
    // A request is acknowledged as a whole: a tenth of one or two says nothing.
    if sent.acks.len() < 50 {
        return None;
    }
    let total = sent.spans();
    let mut rates = [0.0; 10];
    let (mut tenth, mut spans, mut since, mut counted) = (0, 0, 0.0, 0);
    for ack in &sent.acks {
        spans += ack.spans;
        if tenth < 10 && spans * 10 >= total * (tenth + 1) {
            let now = ack.at.as_secs_f64();
            rates[tenth] = (spans - counted) as f64 / (now - since).max(1e-9);
            (tenth, since, counted) = (tenth + 1, now, spans);
        }
    }
    Some(rates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::Ack;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn percentiles_are_of_nearest_rank() {
        let hundred: Vec<Duration> = (1..=100).map(ms).collect();
        for (list, share, expect) in [
            (&hundred[..], 0.5, 50),
            (&hundred, 0.99, 99),
            (&hundred, 1.0, 100),
            (&hundred[..1], 0.5, 1),
            (&hundred[..1], 0.99, 1),
            (&hundred[..2], 0.5, 1),
            (&hundred[..3], 0.5, 2),
            (&[], 0.5, 0),
        ] {
            assert_eq!(percentile(list, share), ms(expect), "{share} of {}", list.len());
        }
    }

    #[test]
    fn tenths_follow_the_acknowledgements() {
        let ack = |at| Ack { at: ms(at), took: ms(1), spans: 10, bytes: 1 };
        // 100 requests: the first half a millisecond apart, the second two.
        let acks = (1..=50).map(ack).chain((1..=50).map(|n| ack(50 + n * 2))).collect();
        let rates = tenths(&Sent { acks, ..Sent::default() }).unwrap();
        assert!((rates[0] - 10_000.0).abs() < 1.0 && (rates[9] - 5_000.0).abs() < 1.0, "{rates:?}");
        assert_eq!(tenths(&Sent { acks: vec![ack(1); 9], ..Sent::default() }), None);
    }

    #[test]
    fn figures_stand_at_their_paths() {
        let mut figures = Figures::default();
        figures.one("a", Unit::Count, "write/spans_per_s", 5.0);
        figures.percentiles("b", "reads_idle/list/", &mut [ms(3), ms(1), ms(2)]);
        let mut object = Map::new();
        figures.write(&mut object);
        let expect = serde_json::json!({
            "write": {"spans_per_s": 5.0},
            "reads_idle": {"list": {"p50_ms": 2.0, "p99_ms": 3.0}},
        });
        assert_eq!(Value::Object(object), expect);
    }
}
