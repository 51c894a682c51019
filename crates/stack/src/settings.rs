//! Where the model is.

use std::time::Duration;

use crate::{llm, offline};

/// What `OPENAI_BASE_URL`, `OPENAI_API_KEY`, `MODEL` and `EMBEDDING_MODEL` say.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server's address, up to `/v1`; `None`: the stand-in.
    pub base_url: Option<String>,
    /// Sent as a bearer token.
    pub api_key: Option<String>,
    /// The model that chats.
    pub model: String,
    /// The model that embeds.
    pub embedding_model: String,
    /// How long a request may take.
    pub timeout: Duration,
}

impl Settings {
    /// From the process's environment: a model of OpenAI's if only a key is there, the stand-in if nothing is.
    pub fn from_environment() -> Self {
        Settings::from_variables(|name| std::env::var(name).ok())
    }

    /// The same from any variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let (url, api_key) = (variable("OPENAI_BASE_URL"), variable("OPENAI_API_KEY"));
        let openai = || api_key.as_ref().map(|_| "https://api.openai.com/v1".to_owned());
        let base_url = url.or_else(openai).map(|url| url.trim().trim_end_matches('/').to_owned());
        let (model, embedding_model) = match base_url {
            Some(_) => ("gpt-4o-mini", "text-embedding-3-small"),
            None => (offline::MODEL, offline::EMBEDDING_MODEL),
        };
        Settings {
            base_url,
            api_key,
            model: variable("MODEL").unwrap_or_else(|| model.to_owned()),
            embedding_model: variable("EMBEDDING_MODEL").unwrap_or_else(|| embedding_model.to_owned()),
            timeout: Duration::from_secs(60),
        }
    }

    /// With the stand-in started and named, if no model is.
    pub(crate) async fn or_offline(self) -> Result<Self, llm::Error> {
        if self.base_url.is_some() {
            return Ok(self);
        }
        let address = offline::start().await.map_err(|error| llm::Error::Unreachable(error.to_string()))?;
        Ok(Settings { base_url: Some(format!("http://{address}/v1")), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where_the_model_is() {
        let from = |variables: &[(&str, &str)]| {
            Settings::from_variables(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let nothing = from(&[("OPENAI_BASE_URL", " ")]);
        assert_eq!((nothing.base_url, &nothing.model[..]), (None, offline::MODEL));
        let key = from(&[("OPENAI_API_KEY", "k")]);
        assert_eq!(key.base_url.as_deref(), Some("https://api.openai.com/v1"));
        let other = from(&[("OPENAI_BASE_URL", "http://localhost:11434/v1/"), ("MODEL", "llama")]);
        assert_eq!(
            (other.base_url.as_deref(), &other.model[..]),
            (Some("http://localhost:11434/v1"), "llama")
        );
    }
}
