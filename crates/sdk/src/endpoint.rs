//! Where spans go, and how.

/// How OTLP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    Http,
    /// gRPC; needs the feature `grpc`.
    Grpc,
}

const DEFAULT_HTTP: &str = "http://localhost:6006/v1/traces";
const DEFAULT_GRPC: &str = "http://localhost:4317";
const TRACES_PATH: &str = "/v1/traces";
/// gRPC's own port, by which Phoenix's clients know it, too.
const GRPC_PORT: &str = ":4317";

/// The collector's address and its protocol: what was asked for, else `PHOENIX_COLLECTOR_ENDPOINT`, else OpenTelemetry's
/// variables, else this machine's port 6006.
pub(crate) fn resolve(
    asked: Option<&str>,
    protocol: Option<Protocol>,
    variable: impl Fn(&str) -> Option<String>,
) -> (String, Protocol) {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let named = || {
        let names = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
        let said = names.into_iter().find_map(variable)?;
        Some(if said.trim() == "grpc" { Protocol::Grpc } else { Protocol::Http })
    };
    // Ours and Phoenix's: the server's address or the whole one.
    let server = asked.map(str::to_owned).or_else(|| variable("PHOENIX_COLLECTOR_ENDPOINT"));
    // OpenTelemetry's: the whole one is taken as it is, to the other the path is added whatever it ends in.
    let whole = || variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let base = || variable("OTEL_EXPORTER_OTLP_ENDPOINT");
    let guess = |address: &str| if is_grpc(address) { Protocol::Grpc } else { Protocol::Http };
    let told = protocol.or_else(named);
    let (address, protocol, path) = if let Some(server) = server {
        let protocol = told.unwrap_or_else(|| guess(&server));
        let path = if has_path(&server) { "" } else { TRACES_PATH };
        (server, protocol, path)
    } else if let Some(whole) = whole() {
        let protocol = told.unwrap_or_else(|| guess(&whole));
        (whole, protocol, "")
    } else if let Some(base) = base() {
        let protocol = told.unwrap_or_else(|| guess(&base));
        (base, protocol, TRACES_PATH)
    } else {
        let protocol = told.unwrap_or(Protocol::Http);
        let default = if protocol == Protocol::Grpc { DEFAULT_GRPC } else { DEFAULT_HTTP };
        (default.to_owned(), protocol, "")
    };
    let address = address.trim();
    match protocol {
        Protocol::Grpc => (address.to_owned(), protocol),
        Protocol::Http if path.is_empty() => (address.to_owned(), protocol),
        Protocol::Http => (format!("{}{path}", address.trim_end_matches('/')), protocol),
    }
}

fn authority_and_path(address: &str) -> (&str, &str) {
    let rest = address.trim().split_once("://").map_or(address.trim(), |(_, rest)| rest);
    rest.find('/').map_or((rest, ""), |at| rest.split_at(at))
}

fn has_path(address: &str) -> bool {
    !matches!(authority_and_path(address).1, "" | "/")
}

fn is_grpc(address: &str) -> bool {
    authority_and_path(address).0.ends_with(GRPC_PORT) && !has_path(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: Option<&str>, variables: &[(&str, &str)]) -> (String, Protocol) {
        resolve(asked, None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_argument_counts_before_phoenix_before_opentelemetry() {
        let phoenix = ("PHOENIX_COLLECTOR_ENDPOINT", "http://phoenix:6006");
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://whole/traces");
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:4318/otlp/");
        let http = |address: &str| (address.to_owned(), Protocol::Http);
        assert_eq!(check(Some("http://here:1"), &[phoenix, whole]), http("http://here:1/v1/traces"));
        assert_eq!(check(None, &[phoenix, whole, base]), http("http://phoenix:6006/v1/traces"));
        assert_eq!(check(None, &[base, whole]), http("http://whole/traces"));
        assert_eq!(check(None, &[base]), http("http://base:4318/otlp/v1/traces"));
        assert_eq!(check(None, &[]), http("http://localhost:6006/v1/traces"));
        assert_eq!(
            check(None, &[("PHOENIX_COLLECTOR_ENDPOINT", " ")]),
            http("http://localhost:6006/v1/traces")
        );
        // The guide's form, with the path.
        assert_eq!(check(Some("http://a:6006/v1/traces"), &[]), http("http://a:6006/v1/traces"));
        assert_eq!(check(Some("http://a:6006/"), &[]), http("http://a:6006/v1/traces"));
    }

    #[test]
    fn grpc_is_asked_for_or_known_by_its_port() {
        let grpc = |address: &str| (address.to_owned(), Protocol::Grpc);
        assert_eq!(check(Some("http://a:4317"), &[]), grpc("http://a:4317"));
        assert_eq!(check(None, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]), grpc("http://localhost:4317"));
        assert_eq!(check(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4317")]), grpc("http://a:4317"));
        assert_eq!(resolve(Some("http://a:1"), Some(Protocol::Grpc), |_| None), grpc("http://a:1"));
        assert_eq!(resolve(Some("http://a:4317"), Some(Protocol::Http), |_| None).1, Protocol::Http);
    }
}
