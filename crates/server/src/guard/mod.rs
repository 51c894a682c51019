//! Who may ask.
//!
//! - With a token: senders and JSON readers show it as bearer, people enter it once and keep a cookie.
//! - Without one: only loopback is served (or `--no-auth` was given). Then a web page elsewhere must not read this server
//!   through DNS rebinding, so pages and JSON look at `Host`.
//! - Either way a request that changes something must come from these pages, so a form elsewhere cannot delete a project.

mod gate;

use axum::http::{HeaderMap, Uri, header};

use crate::{
    config::{Config, Token},
    error::{Code, Error},
};

pub(crate) use gate::{json_gate, page_gate};

/// The name of the cookie that stands for the token.
pub(crate) const COOKIE: &str = "bennu";

#[derive(Debug)]
pub(crate) struct Guard {
    token: Option<Token>,
    allowed_hosts: Vec<String>,
}

impl Guard {
    pub(crate) fn new(config: &Config) -> Self {
        Guard { token: config.token.clone(), allowed_hosts: config.allowed_hosts.clone() }
    }

    /// Whether people have to log in.
    pub(crate) fn needs_login(&self) -> bool {
        self.token.is_some()
    }

    /// The bearer token of senders and JSON readers.
    pub(crate) fn check_token(&self, headers: &HeaderMap) -> Result<(), Error> {
        let Some(token) = &self.token else { return Ok(()) };
        let given =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = given
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token);
        // Phoenix's older clients send the key in a header of its own.
        let given = given.or_else(|| headers.get("api_key")?.to_str().ok());
        match given {
            Some(given) if same(given.trim(), &token.0) => Ok(()),
            Some(_) => Err(Error::new(Code::Unauthenticated, "the token is wrong")),
            None => Err(Error::new(
                Code::Unauthenticated,
                "this server needs its token: send the header \"authorization: Bearer TOKEN\"",
            )),
        }
    }

    /// Whether the token that somebody typed is right.
    pub(crate) fn is_token(&self, given: &str) -> bool {
        self.token.as_ref().is_some_and(|token| same(given.trim(), &token.0))
    }

    /// The cookie's value: proves the token without being it.
    pub(crate) fn cookie(&self) -> Option<String> {
        let token = self.token.as_ref()?;
        Some(
            blake3::derive_key("bennu 2026 page cookie", token.0.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// Whether the request carries the cookie, or none is needed.
    pub(crate) fn is_logged_in(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = self.cookie() else { return true };
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .any(|(name, value)| name == COOKIE && same(value, &expected))
    }

    /// Against DNS rebinding: without a token, `Host` must be an address, `localhost` or an allowed name.
    pub(crate) fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Error> {
        if self.token.is_some() {
            return Ok(());
        }
        let given = uri.authority().map(|authority| authority.as_str());
        let given = given.or_else(|| headers.get(header::HOST)?.to_str().ok()).unwrap_or_default();
        let name = host_name(given);
        let plain =
            name == "localhost" || name.ends_with(".localhost") || name.parse::<std::net::IpAddr>().is_ok();
        if plain || self.allowed_hosts.contains(&name) {
            return Ok(());
        }
        Err(Error::new(
            Code::Forbidden,
            format!(
                "the host name {name:?} is not allowed; open the page by address, or start with --allowed-hosts {name}"
            ),
        ))
    }

    /// Against forms of other sites: a browser says where a request that changes something comes from.
    pub(crate) fn check_origin(headers: &HeaderMap) -> Result<(), Error> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let own = match (text("sec-fetch-site"), text("origin")) {
            // The browser has compared; behind a proxy it is the only one that can.
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => {
                origin.split_once("://").is_some_and(|(_, host)| Some(host) == text("host"))
            }
            // Not a browser.
            (None, None) => true,
        };
        if own {
            return Ok(());
        }
        Err(Error::new(Code::Forbidden, "this can only be done from bennu's own pages"))
    }
}

/// The name before the port; brackets of IPv6 taken off.
fn host_name(host: &str) -> String {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Compares in a time that does not tell how much is right: blake3's hashes compare so.
fn same(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    header::HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn hosts_that_dns_could_rebind_are_refused() {
        let guard = Guard { token: None, allowed_hosts: vec!["bennu".into()] };
        let check =
            |host: &str| guard.check_host(&headers(&[("host", host)]), &Uri::from_static("/")).is_ok();
        for host in ["127.0.0.1:6006", "localhost:6006", "LOCALHOST", "[::1]:6006", "10.0.0.7", "bennu:6006"]
        {
            assert!(check(host), "{host}");
        }
        for host in ["evil.example:6006", "localhost.evil.example", "", "127.0.0.1.evil.example"] {
            assert!(!check(host), "{host}");
        }
    }

    #[test]
    fn tokens_and_cookies() {
        let guard = Guard { token: Some(Token("secret-token".into())), allowed_hosts: vec![] };
        assert!(guard.check_token(&headers(&[("authorization", "bearer secret-token")])).is_ok());
        assert!(guard.check_token(&headers(&[("authorization", "Bearer wrong")])).is_err());
        assert!(guard.check_token(&headers(&[])).is_err());
        let cookie = format!("a=b; bennu={}", guard.cookie().unwrap());
        assert!(guard.is_logged_in(&headers(&[("cookie", &cookie)])));
        assert!(!guard.is_logged_in(&headers(&[("cookie", "bennu=secret-token")])));
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let check = |pairs: &[(&str, &str)]| Guard::check_origin(&headers(pairs)).is_ok();
        assert!(check(&[
            ("host", "127.0.0.1:6006"),
            ("origin", "http://127.0.0.1:6006"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(check(&[("host", "127.0.0.1:6006")]), "curl sends neither");
        assert!(check(&[("host", "127.0.0.1:6006"), ("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("host", "127.0.0.1:6006"), ("origin", "http://evil.example")]));
        assert!(!check(&[("host", "127.0.0.1:6006"), ("origin", "null")]));
        assert!(!check(&[("host", "127.0.0.1:6006"), ("sec-fetch-site", "cross-site")]));
    }
}
