//! A thousand requests: what failed, was slow or was flagged is sent, and one in a hundred of the others.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::time::Duration;

use bennu_sdk::{TailSampling, chain_span, init_tracing, keep_trace, sampling_stats, tool_span};

fn answer(request: u32) -> Result<(), String> {
    let _ = tool_span("look_up", &request).trace_sync(|span| {
        span.record_output("found");
        if request == 17 { Err("the index is broken") } else { Ok(()) }
    });
    if request == 400 {
        std::thread::sleep(Duration::from_millis(60));
    }
    if request == 800 {
        // Nothing failed, and yet somebody should look at it.
        keep_trace();
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sampling = TailSampling::keep(0.01).slow(Duration::from_millis(50));
    let guard = init_tracing("shop").tail_sampling(sampling).start()?;
    for request in 0..1_000 {
        chain_span("request", &request).trace_sync(|_| answer(request))?;
    }
    let stats = sampling_stats();
    println!(
        "kept: {} failed, {} slow, {} flagged, {} by chance; {} dropped",
        stats.kept_error, stats.kept_slow, stats.kept_flagged, stats.kept_probability, stats.dropped
    );
    drop(guard);
    Ok(())
}
