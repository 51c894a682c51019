//! `--against NAME=URL,…`: which server is it and where?

use std::{path::PathBuf, str::FromStr};

use anyhow::{Context, bail, ensure};

/// Which adapter a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bennu,
    Phoenix,
    /// Any other: it is written to, and not read.
    Otlp,
}

/// One server of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Against {
    pub(crate) kind: Kind,
    /// What its column is called: `bennu`, or with a label `bennu:old`.
    pub(crate) name: String,
    /// `http://host:port`, without a slash at the end.
    pub(crate) url: String,
    /// Where its OTLP/HTTP is.
    pub(crate) traces_url: String,
    pub(crate) grpc: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) project: Option<String>,
}

impl Against {
    /// A server that is only written to, at just this URL or over gRPC.
    pub(crate) fn otlp(traces_url: &str, grpc: Option<String>) -> Self {
        Against {
            kind: Kind::Otlp,
            name: "otlp".into(),
            url: traces_url.trim_end_matches("/v1/traces").to_owned(),
            traces_url: traces_url.to_owned(),
            grpc,
            pid: None,
            dir: None,
            project: None,
        }
    }
}

impl FromStr for Against {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.split(',');
        let server = parts.next().unwrap_or_default();
        let (name, url) = server.split_once('=').context("NAME=URL was expected")?;
        let kind = match name.split(':').next().unwrap_or_default() {
            "bennu" => Kind::Bennu,
            "phoenix" => Kind::Phoenix,
            "otlp" => Kind::Otlp,
            other => bail!("{other} is no server that is known: bennu, phoenix or otlp, each with a :label"),
        };
        ensure!(url.starts_with("http://"), "{url}: a URL that begins with http:// was expected");
        let url = url.trim_end_matches('/').trim_end_matches("/v1/traces");
        let mut against =
            Against { kind, name: name.to_owned(), ..Against::otlp(&format!("{url}/v1/traces"), None) };
        for part in parts {
            let (key, value) =
                part.split_once('=').with_context(|| format!("{part}: KEY=VALUE was expected"))?;
            match key {
                "pid" => against.pid = Some(value.parse().with_context(|| format!("pid={value}"))?),
                "dir" => against.dir = Some(value.into()),
                "grpc" => against.grpc = Some(value.to_owned()),
                "project" => against.project = Some(value.to_owned()),
                _ => bail!("{key} is not known: pid, dir, grpc or project"),
            }
        }
        Ok(against)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_as_they_are_typed() {
        let full: Against = "bennu:old=http://h:1/,pid=7,dir=/a b,grpc=http://h:2,project=p".parse().unwrap();
        let expect = Against {
            kind: Kind::Bennu,
            name: "bennu:old".into(),
            url: "http://h:1".into(),
            traces_url: "http://h:1/v1/traces".into(),
            grpc: Some("http://h:2".into()),
            pid: Some(7),
            dir: Some("/a b".into()),
            project: Some("p".into()),
        };
        assert_eq!(full, expect);
        let bare: Against = "otlp=http://h:4318/v1/traces".parse().unwrap();
        assert_eq!(bare, Against::otlp("http://h:4318/v1/traces", None));
        assert_eq!(bare.url, "http://h:4318");
        for (wrong, said) in [
            ("bennu", "NAME=URL"),
            ("tempo=http://h", "tempo is no server"),
            ("bennu=h:1", "http://"),
            ("bennu=http://h,pid", "KEY=VALUE"),
            ("bennu=http://h,pid=x", "pid=x"),
            ("bennu=http://h,port=1", "port is not known"),
        ] {
            let error = wrong.parse::<Against>().unwrap_err();
            assert!(format!("{error:#}").contains(said), "{wrong}: {error:#}");
        }
    }
}
