//! A replay behind HTTP, as a model's server: threads and sockets of the standard library, nothing that a runtime has to drive.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use serde_json::{Value as Json, json};

use super::{Replay, chat};

/// Of a request's head, and of its body. A conversation with pictures is some megabytes.
const MAX_HEAD_BYTES: u64 = 64 << 10;
const MAX_BODY_BYTES: u64 = 64 << 20;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server of OpenAI's chat completions that answers from a [`Replay`]; see [`Replay::serve`]. Ends when it is dropped, with every
/// connection to it.
#[derive(Debug)]
pub struct ReplayServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Connection>>>,
}

/// A connection and the thread that answers it, whose own the stream is: it closes when that is done.
#[derive(Debug)]
struct Connection {
    stream: Weak<TcpStream>,
    thread: JoinHandle<()>,
}

impl Replay {
    /// Starts a server on a free port of this machine that answers `POST …/chat/completions`, streamed or not, with what
    /// [`chat`](Replay::chat) says. A complaint, and what a recorded call failed with, are answers with status 400, which clients do
    /// not try again.
    ///
    /// # Errors
    /// There is no free port.
    pub fn serve(&self) -> io::Result<ReplayServer> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (replay, stopped) = (self.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut open: Vec<Connection> = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Relaxed) {
                    break;
                }
                open.retain(|connection| !connection.thread.is_finished());
                open.extend(stream.map(|stream| Connection::new(replay.clone(), stream)));
            }
            open
        });
        Ok(ReplayServer { address, stop, thread: Some(thread) })
    }
}

impl ReplayServer {
    /// Where it is, up to `/v1`: what `OPENAI_BASE_URL` would say.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for ReplayServer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        // Wakes the thread, which waits for a connection.
        if TcpStream::connect(self.address).is_ok()
            && let Some(Ok(open)) = self.thread.take().map(JoinHandle::join)
        {
            open.into_iter().for_each(Connection::end);
        }
    }
}

impl Connection {
    fn new(replay: Replay, stream: TcpStream) -> Self {
        let stream = Arc::new(stream);
        let known = Arc::downgrade(&stream);
        // What a connection comes to is its client's affair.
        let thread = std::thread::spawn(move || drop(answer(&replay, &stream)));
        Connection { stream: known, thread }
    }

    /// Ends it, whatever it waits for: clients open connections ahead of what they ask, and keep them.
    fn end(self) {
        if let Some(stream) = self.stream.upgrade() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = self.thread.join();
    }
}

/// Reads one request and answers it. Every connection ends with its answer.
fn answer(replay: &Replay, stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader, stream)? else { return Ok(()) };
    let path = request.path.split('?').next().unwrap_or_default();
    if request.method != "POST" || !path.ends_with("/chat/completions") {
        let complaint = format!(
            "this run asked for {} {path}; a replay answers chat completions alone. If a tool asks for it, let the replay answer the tool",
            request.method
        );
        replay.complain(complaint.clone());
        return refuse(stream, 404, &complaint);
    }
    let Ok(body) = serde_json::from_slice::<Json>(&request.body) else {
        let complaint = "this run sent a chat request that is no JSON".to_owned();
        replay.complain(complaint.clone());
        return refuse(stream, 400, &complaint);
    };
    match replay.chat(&body) {
        Err(said) => refuse(stream, 400, &said),
        Ok(response) if body["stream"] == json!(true) => {
            let mut events = String::new();
            for chunk in chat::chunks(&response, body["stream_options"]["include_usage"] == json!(true)) {
                events.push_str(&format!("data: {chunk}\n\n"));
            }
            events.push_str("data: [DONE]\n\n");
            send(stream, 200, "text/event-stream", &events)
        }
        Ok(response) => send(stream, 200, "application/json", &response.to_string()),
    }
}

fn refuse(stream: &TcpStream, status: u16, message: &str) -> io::Result<()> {
    let error = json!({"error": {"message": message, "type": "replay", "param": null, "code": null}});
    send(stream, status, "application/json", &error.to_string())
}

fn send(mut stream: &TcpStream, status: u16, content_type: &str, body: &str) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        _ => "Bad Request",
    };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.flush()
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

/// A request; `None` if the connection ends before one.
fn read(reader: &mut impl BufRead, mut stream: &TcpStream) -> io::Result<Option<Request>> {
    let mut head = reader.take(MAX_HEAD_BYTES);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let (mut length, mut chunked, mut waits) = (0, false, false);
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            "expect" => waits = true,
            _ => {}
        }
    }
    if waits {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(reader, &mut body)?;
    } else {
        reader.take(length.min(MAX_BODY_BYTES)).read_to_end(&mut body)?;
    }
    Ok(Some(Request { method, path, body }))
}

/// A body whose length nobody said: pieces, each with its length in hexadecimal before it.
fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        reader.take(MAX_HEAD_BYTES).read_line(&mut line)?;
        let length = line.trim().split(';').next().and_then(|length| u64::from_str_radix(length, 16).ok());
        let length = length.filter(|length| body.len() as u64 + length <= MAX_BODY_BYTES);
        let length = length.ok_or(io::ErrorKind::InvalidData)?;
        reader.take(length).read_to_end(body)?;
        // The end of the line after the piece.
        reader.take(MAX_HEAD_BYTES).read_line(&mut line)?;
        if length == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::testing::Run;

    #[test]
    fn a_server_that_is_dropped_leaves_no_thread() {
        let case =
            r#"{"spans": [{"span_id": "a", "name": "a", "kind": "LLM", "start_ns": "0", "end_ns": "1"}]}"#;
        let replay = Replay::of(&Run::from_json(case).unwrap());
        let server = replay.serve().unwrap();
        let silent = TcpStream::connect(server.address).unwrap();
        let mut halting = TcpStream::connect(server.address).unwrap();
        halting.write_all(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 9\r\n\r\n{").unwrap();
        // This one, the server's, and one for each connection.
        while replay.clones() < 4 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        drop(server);
        assert_eq!(replay.clones(), 1);
        assert!(begun.elapsed() < PATIENCE, "it did not wait for who says nothing");
        drop((silent, halting));
    }
}
