//! What pages and JSON ask together: a span with its meaning, what a pasted text points to, what leaves the program.

mod detail;
mod export;
mod locate;

pub(crate) use detail::{SpanDetail, blocking, span_detail, span_details};
pub(crate) use export::{curl, openai_request, otlp_json};
pub(crate) use locate::{Pasted, read_pasted};
