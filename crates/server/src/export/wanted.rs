//! From what was typed to what is asked: which trace, of which server, with which token.

use std::net::IpAddr;

use anyhow::{Context, bail};
use bennu_model::TraceId;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    config::ExportFlags,
    query::{Pasted, read_pasted},
};

const DEFAULT_SERVER: &str = "http://localhost:6006";

/// A trace of a server.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Scheme, name and port.
    pub(super) server: String,
    /// What named the server.
    pub(super) named_by: &'static str,
    pub(super) token: Option<Secret>,
    pub(super) id: TraceId,
    /// Without it the server takes the project that has the trace.
    pub(super) project: Option<String>,
    /// OTLP instead of the normalised JSON.
    pub(super) otlp: bool,
}

/// A token and what named it. It is shown to nobody but the server.
pub(super) struct Secret {
    pub(super) text: String,
    pub(super) named_by: &'static str,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.named_by)
    }
}

impl Wanted {
    /// Flags win over what a pasted address says, that over the environment, ours over Phoenix's.
    pub(super) fn resolve(
        flags: &ExportFlags,
        env: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Wanted> {
        let env = |name: &str| env(name).filter(|value| !value.trim().is_empty());
        let pasted = read(flags.trace.trim())?;
        let usual = (env("BENNU_URL").map(|url| (url, "BENNU_URL")))
            .or_else(|| env("PHOENIX_COLLECTOR_ENDPOINT").map(|url| (url, "PHOENIX_COLLECTOR_ENDPOINT")));
        let named = (flags.url.clone().map(|url| (url, "--url")))
            .or_else(|| pasted.server.map(|server| (server, "as pasted")))
            .or_else(|| usual.clone());
        let (server, named_by) = named.unwrap_or_else(|| (DEFAULT_SERVER.to_owned(), "by default"));
        let server = split(&server).with_context(|| format!("{named_by}: {server:?}"))?.0;
        // An address that was pasted may be anybody's: the environment's token is for the environment's server.
        let is_usual =
            || usual.and_then(|(url, _)| Some(split(&url).ok()?.0)).is_some_and(|url| url == server);
        let is_trusted = named_by != "as pasted" || is_here(&server) || is_usual();
        let env = |name: &str| env(name).filter(|_| is_trusted);
        let token = (flags.token.clone().map(|text| (text, "--token")))
            .or_else(|| env("BENNU_TOKEN").map(|text| (text, "BENNU_TOKEN")))
            .or_else(|| env("PHOENIX_API_KEY").map(|text| (text, "PHOENIX_API_KEY")));
        Ok(Wanted {
            server,
            named_by,
            token: token.map(|(text, named_by)| Secret { text: text.trim().to_owned(), named_by }),
            id: pasted.id,
            project: flags.project.clone().or(pasted.project),
            otlp: flags.otlp,
        })
    }

    /// What is asked for.
    pub(super) fn url(&self) -> String {
        let format = if self.otlp { "/otlp" } else { "" };
        let project = self.project.as_ref();
        let project = project.map(|name| format!("?project={}", utf8_percent_encode(name, NON_ALPHANUMERIC)));
        format!("{}/v1/traces/{}{format}{}", self.server, self.id, project.unwrap_or_default())
    }

    /// Whether the server is on this machine.
    pub(super) fn is_here(&self) -> bool {
        is_here(&self.server)
    }
}

fn is_here(server: &str) -> bool {
    let authority = server.split_once("://").map_or("", |(_, authority)| authority);
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let name = name.unwrap_or_default();
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What was pasted says.
struct Read {
    server: Option<String>,
    project: Option<String>,
    id: TraceId,
}

fn read(pasted: &str) -> anyhow::Result<Read> {
    let wrong = || {
        format!(
            "{pasted:?} is no trace: 32 hex digits or the address of a trace's page are expected, such as {DEFAULT_SERVER}/projects/default/traces/0af7651916cd43dd8448eb211c80319c"
        )
    };
    if !pasted.contains('/') {
        return match read_pasted(&pasted.to_lowercase()) {
            Some(Pasted::Trace(id, _)) => Ok(Read { server: None, project: None, id }),
            _ => bail!(wrong()),
        };
    }
    let (server, path) = split(pasted).with_context(wrong)?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').collect();
    // "/projects/NAME/traces/ID" of a page, "/traces/ID" of a link, "/v1/traces/ID" of the JSON, each with or without more.
    let at =
        segments.windows(2).position(|pair| pair[0] == "traces" && is_id(pair[1])).with_context(wrong)?;
    let id = segments[at + 1].to_lowercase().parse().ok().with_context(wrong)?;
    let project = match at.checked_sub(2).map(|before| &segments[before..at]) {
        Some(["projects", name]) => Some(percent_decode_str(name).decode_utf8_lossy().into_owned()),
        _ => None,
    };
    Ok(Read { server: Some(server), project, id })
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// An address without its path, and the path; `http` if it does not say.
fn split(address: &str) -> anyhow::Result<(String, &str)> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let scheme = scheme.to_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !matches!(&*scheme, "http" | "https") || authority.is_empty() {
        bail!("an address was expected, such as {DEFAULT_SERVER}");
    }
    if authority.contains('@') {
        // "localhost@elsewhere" is elsewhere.
        bail!("an address without a user was expected, such as {DEFAULT_SERVER}; --token has the token");
    }
    Ok((format!("{scheme}://{authority}"), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn resolve(flags: &ExportFlags, env: &[(&str, &str)]) -> Result<Wanted, String> {
        let variable =
            |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Wanted::resolve(flags, variable).map_err(|error| format!("{error:#}"))
    }

    fn of(trace: &str) -> ExportFlags {
        ExportFlags { trace: trace.to_owned(), ..ExportFlags::default() }
    }

    #[test]
    fn ids_and_addresses_of_pages_are_read() {
        let here = DEFAULT_SERVER;
        for (pasted, url) in [
            (ID.to_owned(), format!("{here}/v1/traces/{ID}")),
            (format!(" {}\n", ID.to_uppercase()), format!("{here}/v1/traces/{ID}")),
            ("0AF76519-16cd-43dd-8448-eb211c80319c".to_owned(), format!("{here}/v1/traces/{ID}")),
            (format!("http://b:1/traces/{ID}"), format!("http://b:1/v1/traces/{ID}")),
            (format!("b:1/traces/{ID}/"), format!("http://b:1/v1/traces/{ID}")),
            (format!("HTTPS://b/v1/traces/{ID}/otlp?project=x"), format!("https://b/v1/traces/{ID}")),
            (
                format!("http://[::1]:6006/projects/my%20app%2F{ID}/traces/{ID}?span=1#top"),
                format!("http://[::1]:6006/v1/traces/{ID}?project=my%20app%2F{ID}"),
            ),
            (
                format!("http://b/projects/traces/traces/{ID}/spans/b7ad6b7169203331/body/x"),
                format!("http://b/v1/traces/{ID}?project=traces"),
            ),
        ] {
            assert_eq!(resolve(&of(&pasted), &[]).map(|wanted| wanted.url()), Ok(url), "{pasted}");
        }
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        let elsewhere = format!("http://localhost:6006@elsewhere.example/projects/p/traces/{ID}");
        for pasted in [
            "",
            "x",
            &ID[1..],
            "b7ad6b7169203331",
            "http://b/projects/p/traces",
            "ftp://b/traces/x",
            &elsewhere,
        ] {
            let error = resolve(&of(pasted), &[]).unwrap_err();
            assert!(error.contains("32 hex digits"), "{error}");
        }
    }

    #[test]
    fn flags_win_over_what_is_pasted_over_the_environment() {
        let ours = [("BENNU_URL", "b:2/"), ("BENNU_TOKEN", "ours\n")];
        let phoenix = [("PHOENIX_COLLECTOR_ENDPOINT", "http://p:3/v1/traces"), ("PHOENIX_API_KEY", "theirs")];
        let both = [ours, phoenix].concat();
        let named = |flags: &ExportFlags, env: &[(&str, &str)]| {
            let wanted = resolve(flags, env).unwrap();
            (wanted.server, wanted.named_by, wanted.token.map(|token| (token.text, token.named_by)))
        };
        let token = |text: &str, by: &'static str| Some((text.to_owned(), by));
        assert_eq!(
            named(&of(ID), &both),
            ("http://b:2".to_owned(), "BENNU_URL", token("ours", "BENNU_TOKEN"))
        );
        assert_eq!(
            named(&of(ID), &[phoenix, [("BENNU_URL", " "), ("BENNU_TOKEN", "")]].concat()),
            ("http://p:3".to_owned(), "PHOENIX_COLLECTOR_ENDPOINT", token("theirs", "PHOENIX_API_KEY"))
        );
        let pasted = of(&format!("http://x:4/projects/a/traces/{ID}"));
        // Anybody's address: the environment's token is not for it.
        assert_eq!(named(&pasted, &both), ("http://x:4".to_owned(), "as pasted", None));
        let usual = of(&format!("http://b:2/traces/{ID}"));
        assert_eq!(named(&usual, &both).2, token("ours", "BENNU_TOKEN"));
        let flags = ExportFlags {
            url: Some("http://y:5/projects".to_owned()),
            token: Some("typed".to_owned()),
            project: Some("b".to_owned()),
            otlp: true,
            ..pasted
        };
        assert_eq!(named(&flags, &both), ("http://y:5".to_owned(), "--url", token("typed", "--token")));
        let wanted = resolve(&flags, &both).unwrap();
        assert_eq!(wanted.url(), format!("http://y:5/v1/traces/{ID}/otlp?project=b"));
        assert!(!format!("{wanted:?}").contains("typed"));
        let error = resolve(&of(ID), &[("BENNU_URL", "grpc://b")]).unwrap_err();
        assert!(error.contains("BENNU_URL") && error.contains(DEFAULT_SERVER), "{error}");
    }

    #[test]
    fn localhost_is_here() {
        for (server, here) in [
            ("localhost:1", true),
            ("127.0.0.2", true),
            ("[::1]:1", true),
            ("b:1", false),
            ("10.0.0.1", false),
        ] {
            let flags = ExportFlags { url: Some(server.to_owned()), ..of(ID) };
            assert_eq!(resolve(&flags, &[]).unwrap().is_here(), here, "{server}");
        }
    }
}
