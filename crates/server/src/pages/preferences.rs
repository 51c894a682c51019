//! What a reader chose and is remembered: in cookies, so that the first paint is right already.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use super::content::Mode;

const TEXT: &str = "bennu-text";
const SPLIT: &str = "bennu-split";
pub(super) const COLUMNS: &str = "bennu-columns";

/// The panes' widths that there are styles for, in hundredths of the window.
const SPLITS: std::ops::RangeInclusive<u8> = 30..=80;
const SPLIT_STEP: u8 = 5;
const DEFAULT_SPLIT: u8 = 55;

/// How texts are shown: as the URL says, else as chosen last.
pub(super) fn text_mode(asked: &str, headers: &HeaderMap) -> Mode {
    let value = if asked.is_empty() { cookie(headers, TEXT).unwrap_or_default() } else { asked };
    if value == "markdown" { Mode::Markdown } else { Mode::Raw }
}

/// Remembers how texts are shown, if the URL said it.
pub(super) fn remember_text(asked: &str, response: &mut Response) {
    match asked {
        "markdown" => remember(response, TEXT, "markdown"),
        "raw" => remember(response, TEXT, "raw"),
        _ => {}
    }
}

/// The waterfall's share of the window's width, in hundredths. The script writes this cookie (`panes.js`).
pub(super) fn split(headers: &HeaderMap) -> u8 {
    let chosen = cookie(headers, SPLIT).and_then(|value| value.parse().ok());
    chosen
        .filter(|split: &u8| SPLITS.contains(split) && split.is_multiple_of(SPLIT_STEP))
        .unwrap_or(DEFAULT_SPLIT)
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// Remembers a value for a year. It is not secret, and scripts of these pages may change it.
pub(super) fn remember(response: &mut Response, name: &str, value: &str) {
    if let Ok(value) =
        HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"))
    {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_choice_is_the_default() {
        let headers =
            |line: &str| HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(line).unwrap())]);
        assert_eq!(split(&headers("a=b; bennu-split=40")), 40);
        for odd in ["bennu-split=41", "bennu-split=200", "bennu-split=x", "bennu-split", ""] {
            assert_eq!(split(&headers(odd)), DEFAULT_SPLIT, "{odd}");
        }
        assert_eq!(text_mode("", &headers("bennu-text=markdown")), Mode::Markdown);
        assert_eq!(text_mode("raw", &headers("bennu-text=markdown")), Mode::Raw);
        assert_eq!(text_mode("", &HeaderMap::new()), Mode::Raw);
    }
}
