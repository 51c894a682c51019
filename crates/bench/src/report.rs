//! The table and the JSON of a run.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    cli::Flags,
    figures::{Figure, Figures, Unit},
};

/// A column a server, and for each but the first how many times its figure the first one's is.
pub(crate) fn table(servers: &[(String, Figures)]) -> String {
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(servers.iter().map(|(name, _)| name.clone()));
    if let Some(((first, _), others)) = servers.split_first() {
        rows[0].extend(others.iter().map(|(name, _)| format!("{first} / {name}")));
    }
    for label in labels(servers) {
        let figures: Vec<Option<&Figure>> = servers
            .iter()
            .map(|(_, figures)| figures.0.iter().find(|figure| figure.label == label))
            .collect();
        let mut row = vec![label.to_owned()];
        row.extend(figures.iter().map(|figure| figure.map_or("-".into(), cell)));
        row.extend(figures.iter().skip(1).map(|other| ratio(figures[0], *other)));
        rows.push(row);
    }
    aligned(&rows)
}

/// Every label, in the order of the server that has the most.
fn labels(servers: &[(String, Figures)]) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for (_, figures) in servers {
        let mut after = 0;
        for figure in &figures.0 {
            match labels.iter().position(|known| *known == figure.label) {
                Some(at) => after = at + 1,
                None => {
                    labels.insert(after, &figure.label);
                    after += 1;
                }
            }
        }
    }
    labels
}

fn cell(figure: &Figure) -> String {
    let values: Vec<String> = figure.values.iter().map(|(_, value)| written(*value, figure.unit)).collect();
    values.join(" / ")
}

fn ratio(first: Option<&Figure>, other: Option<&Figure>) -> String {
    let (Some(first), Some(other)) = (first, other) else { return "-".into() };
    let ratios: Vec<String> = first
        .values
        .iter()
        .zip(&other.values)
        .map(
            |((_, first), (_, other))| {
                if *other == 0.0 { "-".into() } else { written(first / other, Unit::Short) }
            },
        )
        .collect();
    ratios.join(" / ")
}

fn written(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count => thousands(value.round() as i64),
        Unit::Megabytes => written(value / 1e6, Unit::Short),
        Unit::Short if value.abs() >= 100.0 => thousands(value.round() as i64),
        Unit::Short if value == 0.0 => "0".into(),
        Unit::Short => {
            let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 5) as usize;
            format!("{value:.digits$}")
        }
    }
}

fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The first column to the left, the others to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Writing to a string does not fail.
            let _ = if at == 0 { write!(text, "{cell:<width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.push('\n');
    }
    text
}

/// Everything, with the units in the names.
pub(crate) fn json(flags: &Flags, servers: &[(String, Figures)]) -> Value {
    let describe = |(name, figures): &(String, Figures)| {
        let mut object = Map::new();
        object.insert("name".into(), name.as_str().into());
        figures.write(&mut object);
        Value::Object(object)
    };
    json!({
        "command": std::env::args().collect::<Vec<_>>().join(" "),
        "date": OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        "version": env!("CARGO_PKG_VERSION"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "shape": format!("{:?}", flags.shape),
        "seed": flags.seed,
        "spans": flags.spans,
        "batch_spans": flags.batch(),
        "connections": flags.connections(),
        "days": flags.days,
        "turns": flags.turns,
        "rate_spans_per_s": flags.rate,
        "under_spans_per_s": flags.under,
        "reads_each": flags.reads,
        "settle_s": flags.settle,
        "servers": servers.iter().map(describe).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn servers() -> Vec<(String, Figures)> {
        let (mut one, mut other) = (Figures::default(), Figures::default());
        one.one("a, spans/s", Unit::Count, "write/spans_per_s", 12_345.6);
        one.one("b", Unit::Short, "idle/b_ms", 0.012_34);
        other.one("a, spans/s", Unit::Count, "write/spans_per_s", 1_000.0);
        other.one("c, MB", Unit::Megabytes, "write/c_bytes", 5e6);
        vec![("bennu".into(), one), ("phoenix".into(), other)]
    }

    #[test]
    fn a_table_has_a_column_a_server_and_a_ratio() {
        let expect = "\
             \u{20}            bennu  phoenix  bennu / phoenix\n\
             a, spans/s  12,346    1,000             12.3\n\
             c, MB            -     5.00                -\n\
             b           0.0123        -                -\n";
        assert_eq!(table(&servers()), expect);
    }

    #[test]
    fn json_names_its_units_and_how_it_came_about() {
        let flags = Flags::parse_from(["bennu-bench", "--seed", "9", "--shape", "trickle", "--rate", "50"]);
        let json = json(&flags, &servers());
        assert_eq!(json["seed"], 9);
        assert_eq!((&json["batch_spans"], &json["connections"]), (&1.into(), &32.into()));
        assert_eq!(json["rate_spans_per_s"], 50.0);
        assert_eq!(json["servers"][1]["name"], "phoenix");
        assert_eq!(json["servers"][1]["write"]["c_bytes"], 5e6);
        assert!(json["date"].as_str().unwrap().ends_with('Z'));
        assert!(!json["command"].as_str().unwrap().is_empty());
    }
}
