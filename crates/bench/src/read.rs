//! Asks a server what its users ask and says how long the whole answers took.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bennu_bench::{Sample, SentTrace};

use crate::{
    figures::Figures,
    servers::{Adapter, Ask, Expect, Question},
};

/// One who asks, over one connection.
pub(crate) struct Client {
    agent: ureq::Agent,
}

impl Client {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(300)));
        Client { agent: config.build().into() }
    }

    /// # Errors
    /// Anything but an answer of 200.
    pub(crate) fn status(&self, url: &str) -> anyhow::Result<()> {
        let (status, _) = self.get(url)?;
        ensure!(status == 200, "{url} was answered with {status}");
        Ok(())
    }

    /// Status and whole body.
    pub(crate) fn get(&self, url: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let answer = self.agent.get(url).call().with_context(|| format!("{url} does not answer"))?;
        whole(answer)
    }

    /// How long the whole answer took, and the answer.
    ///
    /// # Errors
    /// It is not the answer to the question.
    pub(crate) fn ask(&self, ask: &Ask) -> anyhow::Result<(Duration, Vec<u8>)> {
        let said = ask.body.as_ref().map(ToString::to_string);
        let begun = Instant::now();
        let (status, body) = match &said {
            None => self.get(&ask.url)?,
            Some(said) => {
                let request = self.agent.post(&ask.url).header("content-type", "application/json");
                whole(request.send(said).with_context(|| format!("{} does not answer", ask.url))?)?
            }
        };
        let took = begun.elapsed();
        if let Err(error) = check(status, &body, &ask.expect) {
            let answer = String::from_utf8_lossy(&body[..body.len().min(600)]).into_owned();
            let asked = said.unwrap_or_default();
            bail!("{error}\nasked: {} {asked}\nanswered: {answer}", ask.url);
        }
        Ok((took, body))
    }
}

fn whole(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<(u16, Vec<u8>)> {
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(u64::MAX).read_to_vec();
    Ok((status, body.context("the answer broke off")?))
}

/// A benchmark of error pages would be worthless.
fn check(status: u16, body: &[u8], expect: &Expect) -> anyhow::Result<()> {
    ensure!(status == 200, "the status is {status}");
    let text = String::from_utf8_lossy(body);
    // GraphQL says 200 to everything.
    ensure!(
        !text.contains(r#""errors":[{"message""#) && !text.contains(r#""errors": [{"message""#),
        "errors"
    );
    match expect {
        Expect::Text(expected) => {
            ensure!(text.contains(expected.as_str()), "{expected} is not in the answer")
        }
        Expect::TraceIdAfter(prefix) => {
            let is_id =
                |rest: &str| rest.as_bytes().get(..32).is_some_and(|id| id.iter().all(u8::is_ascii_hexdigit));
            let found = text.match_indices(prefix.as_str()).any(|(at, _)| is_id(&text[at + prefix.len()..]));
            ensure!(found, "no trace is in the answer");
        }
    }
    Ok(())
}

/// Asks each question so many times, one after the other, each time about another of the traces that were sent.
///
/// # Errors
/// An answer that is none: a run whose reads fail has no figures.
pub(crate) fn reads(
    adapter: &dyn Adapter,
    sample: &Sample,
    times: usize,
    phase: &str,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let client = Client::new();
    for question in Question::ALL {
        let about = subjects(question, sample);
        let asks = (0..times).map_while(|n| {
            // Multiples of a prime: from all over what was sent, the same for every server.
            let subject = about.get(n.wrapping_mul(7_919) % about.len().max(1))?;
            adapter.ask(question, subject)
        });
        let mut latencies = Vec::with_capacity(times);
        for ask in asks {
            let (took, _) = client.ask(&ask).with_context(|| format!("{} ({phase})", question.label()))?;
            latencies.push(took);
        }
        if !latencies.is_empty() {
            let key = question.label().replace(": ", "_").replace(' ', "_").to_lowercase();
            let label = format!("{}, {}", phase.replace('_', " "), question.label());
            figures.percentiles(&label, &format!("{phase}/{key}/"), &mut latencies);
        }
    }
    Ok(())
}

/// Traces for which the question has an answer.
fn subjects(question: Question, sample: &Sample) -> Vec<&SentTrace> {
    match question {
        Question::Wide => sample.wide.iter().collect(),
        Question::Errors => sample.traces.iter().filter(|trace| trace.failed).collect(),
        _ => sample.traces.iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_an_error() {
        let id = "0123456789abcdef0123456789abcdef";
        let after = || Expect::TraceIdAfter("/traces/".into());
        let row = format!("<a href=/traces/live><a href=/traces/{id}>");
        assert!(check(200, row.as_bytes(), &after()).is_ok());
        assert!(check(200, b"<a href=/traces/live>", &after()).is_err());
        assert!(check(200, format!("é {id}").as_bytes(), &Expect::Text(id.into())).is_ok());
        assert!(check(200, b"nothing", &Expect::Text(id.into())).is_err());
        assert!(check(404, id.as_bytes(), &Expect::Text(id.into())).is_err());
        let errors = format!(r#"{{"data":"{id}","errors":[{{"message":"no"}}]}}"#);
        assert!(check(200, errors.as_bytes(), &Expect::Text(id.into())).is_err());
    }
}
