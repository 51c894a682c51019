//! Any bytes as OTLP/JSON, traces and logs.
#![no_main]

use bennu::decode::{Encoding, Signal, decode_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for signal in [Signal::Traces, Signal::Logs] {
        if let Ok(batch) = decode_all(signal, Encoding::Json, data.to_vec().into()) {
            let items: usize = batch.resources.iter().map(|items| items.spans.len() + items.logs.len()).sum();
            assert!(items * 22 <= data.len());
            batch.rejected.message();
            batch.warnings.message();
        }
    }
});
