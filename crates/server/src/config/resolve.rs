//! From what was typed to what is valid.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use etcetera::BaseStrategy;

use super::{Command, Config, Flags, Port, Token, flags::ServeFlags};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting's value.
    #[error("{place}: {problem}")]
    Value {
        /// The flag, variable or key.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file.
    #[error("configuration file {path}: {problem}")]
    File {
        /// Its path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An address others can reach, unprotected.
    #[error("{0} can be reached from other machines: give --token SECRET, or --no-auth if that is meant")]
    Unprotected(IpAddr),
}

/// Names of the settings, as keys of the file. A flag has `-` for `_`, a variable is `BENNU_` and upper case.
const KEYS: [&str; 10] = [
    "data_dir",
    "host",
    "port",
    "grpc_port",
    "otlp_port",
    "token",
    "no_auth",
    "max_body_bytes",
    "max_queue_bytes",
    "allowed_hosts",
];

/// A setting's text and where it came from.
struct Given {
    text: String,
    place: String,
}

impl Given {
    fn wrong(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::Value { place: self.place.clone(), problem: problem.into() }
    }
}

/// Resolves flags over environment over file over defaults.
///
/// # Errors
/// Names the flag, variable or key that is wrong. An unknown key of the file is an error, not ignored.
pub fn load(flags: Flags, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let flags = match flags.command {
        Some(Command::Serve(serve)) => serve,
        Some(Command::Demo(demo)) => demo.serve,
        Some(Command::Export(_)) | None => flags.serve,
    };
    let env = |key: &str| env(&format!("BENNU_{}", key.to_uppercase())).filter(|text| !text.is_empty());
    let file = match flags.config.clone().or_else(|| env("config")) {
        Some(path) => read_file(&path)?,
        None => BTreeMap::new(),
    };
    let typed = typed(&flags);
    let given = |key: &str| {
        let from_flag =
            typed.get(key).cloned().flatten().map(|text| (text, format!("--{}", key.replace('_', "-"))));
        let from_env = || env(key).map(|text| (text, format!("BENNU_{}", key.to_uppercase())));
        let from_file =
            || file.get(key).map(|text| (text.clone(), format!("{key} in the configuration file")));
        from_flag.or_else(from_env).or_else(from_file).map(|(text, place)| Given { text, place })
    };

    let host = match given("host") {
        None => IpAddr::from([127, 0, 0, 1]),
        Some(host) if host.text == "localhost" => IpAddr::from([127, 0, 0, 1]),
        Some(host) => host
            .text
            .parse()
            .map_err(|_| host.wrong("an IP address was expected, such as 127.0.0.1 or 0.0.0.0"))?,
    };
    let token = match given("token") {
        Some(token) if token.text.len() < 8 => return Err(token.wrong("a token has at least 8 characters")),
        token => token.map(|token| Token(token.text)),
    };
    let no_auth = match given("no_auth") {
        None => false,
        Some(given) => given.text.parse().map_err(|_| given.wrong("true or false was expected"))?,
    };
    if !host.is_loopback() && token.is_none() && !no_auth {
        return Err(ConfigError::Unprotected(host));
    }
    Ok(Config {
        data_dir: match given("data_dir") {
            Some(directory) => PathBuf::from(directory.text),
            None => default_data_dir()?,
        },
        host,
        // The page's own port matters even as the default: without it nobody would find the program.
        port: match port(given("port"), 6006)? {
            Port::Off => {
                return Err(given("port").map_or_else(
                    || ConfigError::Value { place: "--port".into(), problem: "cannot be off".into() },
                    |given| given.wrong("cannot be off"),
                ));
            }
            Port::Default(number) | Port::Asked(number) => Port::Asked(number),
        },
        grpc_port: port(given("grpc_port"), 4317)?,
        otlp_port: port(given("otlp_port"), 4318)?,
        token,
        max_body_bytes: bytes(given("max_body_bytes"), 64 << 20)?,
        max_queue_bytes: bytes(given("max_queue_bytes"), 192 << 20)?,
        allowed_hosts: given("allowed_hosts")
            .map(|given| given.text.split(',').map(|name| name.trim().to_lowercase()).collect())
            .unwrap_or_default(),
    })
}

fn typed(flags: &ServeFlags) -> BTreeMap<&'static str, Option<String>> {
    BTreeMap::from([
        ("data_dir", flags.data_dir.clone()),
        ("host", flags.host.clone()),
        ("port", flags.port.clone()),
        ("grpc_port", flags.grpc_port.clone()),
        ("otlp_port", flags.otlp_port.clone()),
        ("token", flags.token.clone()),
        ("no_auth", flags.no_auth.then(|| "true".to_owned())),
        ("max_body_bytes", flags.max_body_bytes.clone()),
        ("max_queue_bytes", flags.max_queue_bytes.clone()),
        ("allowed_hosts", flags.allowed_hosts.clone()),
    ])
}

/// The file's keys, each value as the text a flag would have.
fn read_file(path: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let wrong = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let mut settings = BTreeMap::new();
    for (key, value) in table {
        if !KEYS.contains(&key.as_str()) {
            return Err(wrong(format!("unknown key {key}; known are {}", KEYS.join(", "))));
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(bool) => bool.to_string(),
            toml::Value::Array(items) => {
                items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
            }
            _ => return Err(wrong(format!("{key}: text, a number, true or false was expected"))),
        };
        settings.insert(key, text);
    }
    Ok(settings)
}

fn port(given: Option<Given>, default: u16) -> Result<Port, ConfigError> {
    match given {
        None => Ok(Port::Default(default)),
        Some(given) if given.text == "off" => Ok(Port::Off),
        Some(given) => given
            .text
            .parse()
            .map(Port::Asked)
            .map_err(|_| given.wrong("a port from 0 to 65535 or \"off\" was expected")),
    }
}

fn bytes(given: Option<Given>, default: usize) -> Result<usize, ConfigError> {
    match given {
        None => Ok(default),
        Some(given) => match given.text.replace('_', "").parse() {
            Ok(bytes) if bytes >= 1024 => Ok(bytes),
            _ => Err(given.wrong("a number of bytes, 1024 or more, was expected")),
        },
    }
}

fn default_data_dir() -> Result<PathBuf, ConfigError> {
    etcetera::choose_base_strategy().map(|strategy| strategy.data_dir().join("bennu")).map_err(|error| {
        ConfigError::Value {
            place: "--data-dir".into(),
            problem: format!("no home directory ({error}); name a directory"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_from(flags: &[&str], env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        use clap::Parser;
        let flags = Flags::try_parse_from([&["bennu"], flags].concat()).unwrap();
        load(flags, |name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "port = 1\ngrpc_port = \"off\"\notlp_port = 3\ndata_dir = \"/tmp/x\"\n")
            .unwrap();
        let path = file.path().to_str().unwrap();
        let config =
            load_from(&["--config", path, "--port", "7"], &[("BENNU_PORT", "5"), ("BENNU_OTLP_PORT", "6")])
                .unwrap();
        assert_eq!(
            (config.port, config.grpc_port, config.otlp_port),
            (Port::Asked(7), Port::Off, Port::Asked(6))
        );
        let config = load_from(&["serve"], &[("BENNU_DATA_DIR", "/tmp/y")]).unwrap();
        assert_eq!((config.port, config.grpc_port), (Port::Asked(6006), Port::Default(4317)));
        assert_eq!(config.host, IpAddr::from([127, 0, 0, 1]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "prot = 1\n").unwrap();
        let path = file.path().to_str().unwrap();
        for (flags, env, said) in [
            (&["--config", path][..], &[][..], "unknown key prot"),
            (&["--port", "x"], &[], "--port"),
            (&[], &[("BENNU_GRPC_PORT", "70000")], "BENNU_GRPC_PORT"),
            (&["--host", "0.0.0.0"], &[], "--token"),
            (&["--host", "example.com"], &[], "an IP address"),
            (&["--token", "short"], &[], "8 characters"),
            (&["--port", "off"], &[], "cannot be off"),
            (&["--config", "/nowhere.toml"], &[], "/nowhere.toml"),
        ] {
            let error = load_from(flags, env).unwrap_err().to_string();
            assert!(error.contains(said), "{error} does not contain {said}");
        }
        assert!(load_from(&["--host", "0.0.0.0", "--no-auth"], &[]).is_ok());
        assert!(load_from(&["--host", "0.0.0.0", "--token", "secret-token"], &[]).is_ok());
    }
}
