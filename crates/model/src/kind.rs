//! What a span does.

/// OpenInference's span kinds, the vocabulary every dialect is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Kind {
    /// Not said and not inferred.
    #[default]
    Unknown = 0,
    /// A model call.
    Llm = 1,
    /// Text to vectors.
    Embedding = 2,
    /// A step of the application.
    Chain = 3,
    /// A search for documents.
    Retriever = 4,
    /// A reordering of documents.
    Reranker = 5,
    /// A tool that ran.
    Tool = 6,
    /// A run of an agent.
    Agent = 7,
    /// A check of input or output.
    Guardrail = 8,
    /// A judgement.
    Evaluator = 9,
    /// A prompt being rendered.
    Prompt = 10,
    /// A decision by a model that is not a language model.
    Decision = 11,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 12] = [
        Kind::Unknown,
        Kind::Llm,
        Kind::Embedding,
        Kind::Chain,
        Kind::Retriever,
        Kind::Reranker,
        Kind::Tool,
        Kind::Agent,
        Kind::Guardrail,
        Kind::Evaluator,
        Kind::Prompt,
        Kind::Decision,
    ];

    /// The name, upper case, as OpenInference writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Unknown => "UNKNOWN",
            Kind::Llm => "LLM",
            Kind::Embedding => "EMBEDDING",
            Kind::Chain => "CHAIN",
            Kind::Retriever => "RETRIEVER",
            Kind::Reranker => "RERANKER",
            Kind::Tool => "TOOL",
            Kind::Agent => "AGENT",
            Kind::Guardrail => "GUARDRAIL",
            Kind::Evaluator => "EVALUATOR",
            Kind::Prompt => "PROMPT",
            Kind::Decision => "DECISION",
        }
    }

    /// From the name, of any case.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name.trim()))
    }

    /// From the number that is stored; an unknown one is [`Kind::Unknown`].
    pub fn from_number(number: i64) -> Kind {
        usize::try_from(number).ok().and_then(|index| Kind::ALL.get(index)).copied().unwrap_or_default()
    }

    /// Whether spans of this kind stand for the work of the spans below them, so that the usage they report is a repetition
    /// when anything below reports its own.
    pub fn repeats_usage(self) -> bool {
        matches!(self, Kind::Agent | Kind::Chain)
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
