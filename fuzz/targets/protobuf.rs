//! Any bytes as OTLP/protobuf, traces and logs.
#![no_main]

use bennu::decode::{Encoding, Signal, decode_all};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for signal in [Signal::Traces, Signal::Logs] {
        if let Ok(batch) = decode_all(signal, Encoding::Protobuf, data.to_vec().into()) {
            let items: usize = batch.resources.iter().map(|items| items.spans.len() + items.logs.len()).sum();
            // An item has an id of a trace at least.
            assert!(items * 18 <= data.len());
            batch.rejected.message();
            batch.warnings.message();
        }
    }
});
