//! `bennu export`: one trace of a running Bennu as JSON, for a file, a bug report, a test case.
//!
//! - `wanted`: which trace of which server, from what was typed and the environment.
//! - `pretty`: JSON in lines, as it comes.
//!
//! Invariant: stdout gets the JSON and nothing else. What comes is written on, so memory holds none of the trace.

mod pretty;
mod wanted;

use std::{
    fs::{self, File},
    io::{self, BufWriter, ErrorKind, Read, Write},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use ureq::{Body, http::Response};

use crate::{api::RUNNING, config::ExportFlags};
use pretty::Pretty;
use wanted::Wanted;

/// Until somebody takes the connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Until the answer begins; the server's own questions have a shorter bound, but may have to wait for their turn.
const BEGIN: Duration = Duration::from_secs(120);
/// Until all of it is there.
const WHOLE: Duration = Duration::from_secs(600);
/// Bytes of a refusal that are read.
const REFUSAL_BYTES: u64 = 64 << 10;
/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 << 10;

/// Prints the trace. `env` reads a variable of the environment.
///
/// # Errors
/// Says what to do: the server is not there, wants a token, has no such trace; the place to write to cannot be written.
pub fn run(flags: &ExportFlags, env: impl Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    let wanted = Wanted::resolve(flags, env)?;
    let answer = ask(&wanted)?;
    if answer.headers().contains_key(RUNNING) {
        eprintln!("bennu: the trace is still running: what comes later is not in this export");
    }
    let mut body = answer.into_body().into_reader();
    let Some(path) = &flags.output else {
        return match copy(&mut body, io::stdout().lock(), wanted.otlp) {
            // Whoever read it has seen enough: `bennu export … | head`.
            Err(Broken::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            copied => copied.map_err(|broken| broken.told(&wanted, "stdout")),
        };
    };
    // Beside it, and in its place when it is whole: neither a server that refuses nor one that breaks off costs a file that is there.
    let part = format!("{path}.part");
    let file = File::create(&part).with_context(|| format!("{path} cannot be written"))?;
    let copied = copy(&mut body, file, wanted.otlp).map_err(|broken| broken.told(&wanted, "what came"));
    let placed =
        copied.and_then(|()| fs::rename(&part, path).with_context(|| format!("{path} cannot be written")));
    if placed.is_err() {
        let _ = fs::remove_file(&part);
    }
    placed
}

/// The answer that has the trace in it.
fn ask(wanted: &Wanted) -> anyhow::Result<Response<Body>> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(BEGIN))
        .timeout_recv_body(Some(WHOLE));
    if wanted.is_here() {
        // A proxy that the environment names is another machine's idea of localhost.
        config = config.proxy(None);
    }
    let agent: ureq::Agent = config.build().into();
    let mut request = agent.get(wanted.url()).header("accept", "application/json");
    if let Some(token) = &wanted.token {
        request = request.header("authorization", format!("Bearer {}", token.text));
    }
    let server = &wanted.server;
    let mut answer = match request.call() {
        Ok(answer) => answer,
        Err(ureq::Error::TlsRequired) => bail!(
            "{server} is asked over https, which this bennu is built without: export where it runs, or through a tunnel (ssh -L \
             6006:localhost:6006 HOST, then --url http://localhost:6006), or with curl -H \"authorization: Bearer $BENNU_TOKEN\" '{}'",
            wanted.url()
        ),
        Err(error @ (ureq::Error::Http(_) | ureq::Error::BadUri(_))) => {
            bail!("{server} cannot be asked ({}): {error}", wanted.named_by)
        }
        Err(error) => bail!(
            "nobody answers at {server} ({}): {error}; start bennu there, or name its address with --url or BENNU_URL",
            wanted.named_by
        ),
    };
    let status = answer.status().as_u16();
    if status == 200 && is_json(&answer) {
        return Ok(answer);
    }
    let detail = detail(&mut answer);
    Err(match (status, &wanted.token, detail) {
        (401, None, Some(_)) => anyhow!("{server} needs its token: give --token TOKEN or set BENNU_TOKEN"),
        (401, Some(token), Some(_)) => {
            anyhow!("{server} does not take the token of {}: give its own with --token", token.named_by)
        }
        (404, _, Some(_)) => {
            let project = wanted.project.as_ref();
            let place = project.map(|project| format!(" in the project {project:?}")).unwrap_or_default();
            anyhow!(
                "{server} has no trace {}{place}; --url names another server, --project another project",
                wanted.id
            )
        }
        (_, _, Some(detail)) => anyhow!("{server} answered {status}: {detail}"),
        (_, _, None) => anyhow!(
            "{server} ({}) answered {status}, but not as bennu does: name the address of its pages with --url",
            wanted.named_by
        ),
    })
}

fn is_json(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// What a Bennu says why it refuses; nothing from anybody else.
fn detail(answer: &mut Response<Body>) -> Option<String> {
    let mut text = Vec::new();
    answer.body_mut().as_reader().take(REFUSAL_BYTES).read_to_end(&mut text).ok()?;
    let refusal: Value = serde_json::from_slice(&text).ok()?;
    Some(refusal["detail"].as_str()?.to_owned())
}

/// What broke while the trace was copied.
enum Broken {
    /// The answer ended too early.
    Answer(io::Error),
    /// What it is written to.
    Output(io::Error),
}

impl Broken {
    fn told(self, wanted: &Wanted, output: &str) -> anyhow::Error {
        match self {
            Broken::Answer(error) => {
                anyhow!(
                    "the answer of {} broke off ({error}): {output} is not whole, ask again",
                    wanted.server
                )
            }
            Broken::Output(error) => anyhow!("{output} cannot be written: {error}"),
        }
    }
}

/// OTLP as it comes, the other JSON in lines.
fn copy(body: &mut impl Read, output: impl Write, as_it_comes: bool) -> Result<(), Broken> {
    let mut output = BufWriter::new(output);
    if as_it_comes {
        copy_all(body, &mut output)?;
    } else {
        copy_all(body, &mut Pretty::new(&mut output))?;
        output.write_all(b"\n").map_err(Broken::Output)?;
    }
    output.flush().map_err(Broken::Output)
}

/// Unlike `io::copy` it knows which side broke.
fn copy_all(body: &mut impl Read, output: &mut impl Write) -> Result<(), Broken> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match body.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => output.write_all(&piece[..read]).map_err(Broken::Output)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Broken::Answer(error)),
        }
    }
}
