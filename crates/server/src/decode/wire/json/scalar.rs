//! Ids, numbers and names, in any of the forms that senders write.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD, engine::general_purpose::URL_SAFE_NO_PAD};

/// An integer, whether it stood in quotes or not; a whole float is one.
pub(super) fn int(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64))
}

/// A float; Rust reads the names "NaN", "Infinity" and "-Infinity" as protobuf's JSON mapping writes them.
pub(super) fn double(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// Nanoseconds since 1970; nothing is 0.
pub(super) fn time(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    let whole = |n: f64| (n >= 0.0 && n < u64::MAX as f64).then_some(n as u64);
    text.parse().ok().or_else(|| double(text).and_then(whole))
}

/// A count; 0 if it is none.
pub(super) fn count(text: &str) -> u32 {
    int(text).and_then(|n| u32::try_from(n).ok()).unwrap_or_default()
}

/// An enumeration's value by its name, with or without its prefix, or by its number.
pub(super) fn named<T>(
    text: &str,
    prefix: &str,
    from_name: impl Fn(&str) -> Option<T>,
    from_number: impl Fn(i64) -> T,
) -> T {
    let upper = text.trim().to_ascii_uppercase();
    from_name(upper.strip_prefix(prefix).unwrap_or(&upper))
        .unwrap_or_else(|| from_number(int(text).unwrap_or_default()))
}

/// An id in hex (the OTLP specification), else in base64 (protobuf's own JSON mapping).
pub(super) fn id<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    if text.len() == BYTES * 2 {
        let mut id = [0; BYTES];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? * 16 + digit(1)?) as u8;
        }
        return Some(id);
    }
    // Longer is none, however long.
    if text.len() > BYTES * 2 { None } else { base64(text)?.try_into().ok() }
}

/// Base64 of either alphabet, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_form() {
        assert_eq!(
            (int(" 7 "), int("7.0"), int("7.5"), int("1e30"), int("")),
            (Some(7), Some(7), None, None, None)
        );
        assert_eq!(
            (time("18446744073709551615"), time("1.5e3"), time("-1"), time("x"), time("")),
            (Some(u64::MAX), Some(1500), None, None, Some(0))
        );
        assert_eq!((count("3"), count("-3"), count("4294967296")), (3, 0, 0));
        assert!(double("NaN").is_some_and(f64::is_nan));
        assert_eq!(
            (double("-Infinity"), double("1e999"), double("[")),
            (Some(f64::NEG_INFINITY), Some(f64::INFINITY), None)
        );
    }

    #[test]
    fn ids_in_hex_and_in_base64() {
        assert_eq!(id::<8>("00000000000000fF"), Some([0, 0, 0, 0, 0, 0, 0, 255]));
        assert_eq!(id::<8>("AAAAAAAAAP8="), id::<8>("AAAAAAAAAP8"));
        assert_eq!(id::<8>("AAAAAAAAAP8"), Some([0, 0, 0, 0, 0, 0, 0, 255]));
        for none in ["", "ff", "zzzzzzzzzzzzzzzz", &"0".repeat(100)] {
            assert_eq!(id::<8>(none), None, "{none}");
        }
    }
}
