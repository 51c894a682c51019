//! The style sheet, the scripts and the icon, compiled in. The version stands in their path, so that modules find each other
//! by relative names and browsers may keep all of them for good.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// Tokens first: the others use them.
const STYLE: &str = concat!(
    include_str!("../../assets/style/tokens.css"),
    include_str!("../../assets/style/base.css"),
    include_str!("../../assets/style/frame.css"),
    include_str!("../../assets/style/lists.css"),
    include_str!("../../assets/style/trace.css"),
    include_str!("../../assets/style/span.css"),
    include_str!("../../assets/style/compare.css"),
    include_str!("../../assets/style/conventions.css"),
    include_str!("../../assets/style/narrow.css"),
    include_str!("../../assets/style/print.css"),
);

const FILES: &[(&str, &str, &str)] = &[
    ("style.css", "text/css; charset=utf-8", STYLE),
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
    ("app.js", SCRIPT, include_str!("../../assets/app.js")),
    ("copy.js", SCRIPT, include_str!("../../assets/copy.js")),
    ("keys.js", SCRIPT, include_str!("../../assets/keys.js")),
    ("prefetch.js", SCRIPT, include_str!("../../assets/prefetch.js")),
    ("trace.js", SCRIPT, include_str!("../../assets/trace.js")),
    ("rows.js", SCRIPT, include_str!("../../assets/rows.js")),
    ("found.js", SCRIPT, include_str!("../../assets/found.js")),
    ("follow.js", SCRIPT, include_str!("../../assets/follow.js")),
    ("panes.js", SCRIPT, include_str!("../../assets/panes.js")),
    ("list.js", SCRIPT, include_str!("../../assets/list.js")),
    ("charts.js", SCRIPT, include_str!("../../assets/charts.js")),
    ("live.js", SCRIPT, include_str!("../../assets/live.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Changes when any of the files does.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for (name, _, content) in FILES {
        hasher.update(name.as_bytes()).update(content.as_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
});

/// Any version gets the present file, so that a page that was open over an update still works; but only the present one may be kept.
pub(super) async fn file(Path((version, name)): Path<(String, String)>) -> Response {
    let Some((_, content_type, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, *content_type),
        (
            header::CACHE_CONTROL,
            if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" },
        ),
    ];
    (headers, *content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stay_small() {
        let bytes: usize =
            FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT).map(|(.., content)| content.len()).sum();
        assert!(bytes < 40_000, "{bytes} bytes of script");
    }
}
