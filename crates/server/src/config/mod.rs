//! What the program was told: flags over environment over file over defaults, resolved once.
//!
//! Every setting has a name in three places: a flag `--port`, a variable `BENNU_PORT`, a key `port` in the file. All are
//! text until they are resolved here, so that each is checked and reported the same way.

mod flags;
mod resolve;

use std::{fmt, net::IpAddr, path::PathBuf};

pub use flags::{Command, ExportFlags, Flags};
pub use resolve::{ConfigError, load};

/// Everything the program needs to know, valid.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database lives.
    pub data_dir: PathBuf,
    /// The address to bind.
    pub host: IpAddr,
    /// Pages, JSON and OTLP/HTTP.
    pub port: Port,
    /// OTLP/gRPC.
    pub grpc_port: Port,
    /// OTLP/HTTP on its own port.
    pub otlp_port: Port,
    /// What senders and readers must show.
    pub token: Option<Token>,
    /// Largest request body, before and after decompression.
    pub max_body_bytes: usize,
    /// Bytes of requests that are being worked on at any time.
    pub max_queue_bytes: usize,
    /// Names besides addresses and `localhost` under which pages may be asked for when there is no token.
    pub allowed_hosts: Vec<String>,
}

/// A port, and how much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Not served.
    Off,
    /// The default one: another program may have it, which is no reason not to start.
    Default(u16),
    /// Asked for: not getting it is an error. 0 takes a free one.
    Asked(u16),
}

impl Port {
    /// The number, if it is served.
    pub fn number(self) -> Option<u16> {
        match self {
            Port::Off => None,
            Port::Default(number) | Port::Asked(number) => Some(number),
        }
    }
}

/// A secret that debug output and logs do not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
