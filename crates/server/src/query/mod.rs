//! What pages and JSON ask together: a span with its meaning, how well a service is understood, what a pasted text points to,
//! whether a trace goes on, what leaves the program.

mod body;
mod conventions;
mod detail;
mod context;
mod export;
mod locate;
mod news;
mod otlp;

pub(crate) use body::{body_address, find_body, media, media_type};
pub(crate) use context::{Call, Context, Run, Use, around};
pub(crate) use conventions::{Convention, conventions};
pub(crate) use detail::{SpanDetail, blocking, span_detail, spans_with, turn};
pub(crate) use export::{curl, openai_request};
pub(crate) use locate::{Pasted, read_pasted};
pub(crate) use news::{is_live, is_running, news, now_ns};
pub(crate) use otlp::OtlpWriter;
