//! Times in and out: RFC 3339, UTC.

use ::time::{
    OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339, macros::format_description,
};

/// Nanoseconds since the epoch as `2026-11-21T01:35:00.000000+00:00`: microseconds, as Phoenix writes.
pub(crate) fn rfc3339(time_ns: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]+00:00");
    OffsetDateTime::from_unix_timestamp_nanos(time_ns.into())
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}

/// Reads RFC 3339, or a civil time without an offset, which is taken for UTC.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let local = format_description!(
        "[year]-[month]-[day]T[hour]:[minute][optional [:[second][optional [.[subsecond]]]]]"
    );
    // In a query string a plus that was not encoded arrives as a space.
    let text = text.trim().replace(' ', "+");
    let time = OffsetDateTime::parse(&text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(&text, &local).map(PrimitiveDateTime::assume_utc))
        .ok()?;
    i64::try_from(time.unix_timestamp_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        assert_eq!(rfc3339(1_795_221_728_430_903_400), "2026-11-21T00:42:08.430903+00:00");
        for text in [
            "2026-11-21T00:42:08Z",
            "2026-11-21T01:42:08+01:00",
            "2026-11-21T01:42:08 01:00",
            "2026-11-21T00:42:08",
        ] {
            assert_eq!(parse_time(text), Some(1_795_221_728_000_000_000), "{text}");
        }
        assert_eq!(parse_time("yesterday"), None);
    }
}
