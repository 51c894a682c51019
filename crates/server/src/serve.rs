//! Ports, start and stop.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use axum::{Router, http::HeaderValue, http::header, middleware, response::Response, routing::get};
use bennu_store::{Options, Store};
use tokio::{net::TcpListener, task::JoinSet};

pub use crate::app::Addresses;
use crate::{
    api,
    app::App,
    config::{Config, Port},
    decode, pages, receive,
};

/// How long requests under way may take once the program was told to stop.
const DRAIN: Duration = Duration::from_secs(4);

/// How long the store may take to close after that. It needs no closing; one file instead of three is tidier.
const CLOSE: Duration = Duration::from_millis(500);

/// A program that listens.
#[derive(Debug)]
pub struct Server {
    app: App,
    addresses: Addresses,
    open: bool,
    data_dir: std::path::PathBuf,
    http: TcpListener,
    grpc: Option<TcpListener>,
    otlp: Option<TcpListener>,
}

impl Server {
    /// Opens the store and binds the ports.
    ///
    /// # Errors
    /// When the data directory or a port that was asked for cannot be had; the text says what to do.
    pub async fn start(config: Config) -> anyhow::Result<Server> {
        let store =
            Store::open(&config.data_dir, Options { derive: Some(decode::derive), ..Options::default() })?;
        let http = bind(config.host, config.port, "--port").await?;
        let http = http.context("the page's port is off")?;
        let grpc = bind(config.host, config.grpc_port, "--grpc-port").await?;
        let otlp = bind(config.host, config.otlp_port, "--otlp-port").await?;
        let address = |listener: &Option<TcpListener>| {
            listener.as_ref().and_then(|listener| listener.local_addr().ok())
        };
        let addresses = Addresses { http: http.local_addr()?, grpc: address(&grpc), otlp: address(&otlp) };
        Ok(Server {
            app: App::new(store, &config, addresses),
            addresses,
            open: config.token.is_none(),
            data_dir: config.data_dir,
            http,
            grpc,
            otlp,
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until `stop` is done, then lets requests under way finish and closes the store.
    ///
    /// # Errors
    /// When a port breaks.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Server { app, http, grpc, otlp, .. } = self;
        let mut serving = JoinSet::new();
        let mut serve = |listener: Option<TcpListener>, router: Router<App>| {
            let Some(listener) = listener else { return };
            let mut told = app.stopping();
            let service = axum::serve(listener, router.with_state(app.clone()));
            let until = async move { drop(told.wait_for(|stopping| *stopping).await) };
            serving.spawn(service.with_graceful_shutdown(until).into_future());
        };
        serve(Some(http), main_router(&app));
        serve(grpc, receive::grpc_router());
        serve(otlp, receive::http_router().merge(health()));

        tokio::select! {
            () = stop => {}
            Some(broken) = serving.join_next() => broken??,
        }
        tracing::info!("stopping; requests under way have {} s more", DRAIN.as_secs());
        app.stop();
        if tokio::time::timeout(DRAIN, async { while serving.join_next().await.is_some() {} }).await.is_err()
        {
            tracing::warn!("some connections were cut off; what they had been told is stored, is stored");
            serving.shutdown().await;
        }
        drop(serving);
        close(app).await;
        Ok(())
    }
}

/// Closes the store. Tasks of connections let go of it a moment after they are done; if one does not, nothing is lost: what was
/// acknowledged is on disk already.
async fn close(mut app: App) {
    for _ in 0..50 {
        match app.into_store() {
            Ok(store) => {
                let closing = tokio::task::spawn_blocking(move || store.close());
                let _ = tokio::time::timeout(CLOSE, closing).await;
                return;
            }
            Err(still_used) => app = still_used,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn main_router(app: &App) -> Router<App> {
    Router::new()
        .merge(receive::http_router())
        .merge(api::router(app))
        .merge(health())
        .merge(pages::router(app))
        .method_not_allowed_fallback(pages::not_that_way)
        .layer(middleware::map_response(harden))
}

/// Whether the program lives, and whether the store answers.
fn health() -> Router<App> {
    use axum::extract::State;
    Router::new()
        .route("/healthz", get(|| async { "OK" }))
        .route("/readyz", get(|State(app): State<App>| async move { ready(&app).await }))
}

/// The writer lives, and questions are answered.
async fn ready(app: &App) -> Result<&'static str, crate::error::Error> {
    app.store.check().await?;
    app.store.projects().await?;
    Ok("OK")
}

/// Content of traces is anybody's: nothing in it may run, be guessed at, or be framed.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::SERVER, concat!("bennu/", env!("CARGO_PKG_VERSION"))),
        // Not "no-referrer": browsers then say that a form comes from nowhere.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        // A body of a trace has a stricter policy of its own.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn bind(host: IpAddr, port: Port, flag: &str) -> anyhow::Result<Option<TcpListener>> {
    let Some(number) = port.number() else { return Ok(None) };
    match (TcpListener::bind(SocketAddr::new(host, number)).await, port) {
        (Ok(listener), _) => Ok(Some(listener)),
        (Err(error), Port::Default(_)) => {
            tracing::warn!(%error, "port {number} is taken, so {flag} is off; another collector may be running there");
            Ok(None)
        }
        (Err(error), _) => {
            Err(error).with_context(|| format!("port {number} cannot be had; choose another with {flag}"))
        }
    }
}

/// Prints where it listens and what to paste into an app. Whether anybody reads it does not matter: `bennu | head -1` serves on.
pub fn greet(server: &Server) {
    let _ = write_greeting(server, &mut std::io::stdout().lock());
}

fn write_greeting(server: &Server, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let Addresses { http, grpc, otlp } = server.addresses;
    writeln!(out, "bennu {} · data in {}", env!("CARGO_PKG_VERSION"), server.data_dir.display())?;
    writeln!(out, "  pages and OTLP/HTTP  http://{http}")?;
    if let Some(grpc) = grpc {
        writeln!(out, "  OTLP/gRPC            http://{grpc}")?;
    }
    if let Some(otlp) = otlp {
        writeln!(out, "  OTLP/HTTP            http://{otlp}")?;
    }
    writeln!(out, "Point an app at it:")?;
    writeln!(
        out,
        "  export OTEL_EXPORTER_OTLP_ENDPOINT=http://{http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    )?;
    if !server.open {
        writeln!(out, "  export OTEL_EXPORTER_OTLP_HEADERS=\"authorization=Bearer $BENNU_TOKEN\"")?;
    }
    Ok(())
}

/// Done when the program is told to stop.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// The program's own log: to stderr, `BENNU_LOG=debug` for more.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BENNU_LOG")
        // What the demo's application says is not the program's: some of its requests fail on purpose.
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,bennu_stack=off"));
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
}
