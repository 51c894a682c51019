//! What may not leave: outputs by their kind, and whatever looks like an address in the rest.

use bennu_sdk::{Hide, Message, init_tracing, llm_span};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // OPENINFERENCE_HIDE_OUTPUTS=true does the same without a new build.
    let hide = Hide { outputs: true, ..Hide::default() };
    let _guard = init_tracing("careful")
        .hide(hide)
        .redact(|shown| {
            let text = shown.text();
            let clean: Vec<&str> =
                text.split(' ').map(|word| if word.contains('@') { "(address)" } else { word }).collect();
            let clean = clean.join(" ");
            if clean != text {
                shown.replace(clean);
            }
        })
        .start()?;
    let call = llm_span("gpt-4o", &[Message::user("Write to ada@example.com that it rains.")]);
    call.record_output(&json!({
        "choices": [{"message": {"role": "assistant", "content": "Dear Ada, it rains."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 6},
    }));
    Ok(())
}
