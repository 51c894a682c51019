//! Collectors that are down, slow, refusing or restarted: the application does not notice, and what was lost is counted.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use bennu_sdk::{Stats, flush, init_tracing, stats, tool_span};

use crate::collector::{Collector, begin, turn, until};

fn spans(count: usize) -> Duration {
    let begun = Instant::now();
    (0..count).for_each(|_| drop(tool_span("some", "")));
    begun.elapsed()
}

#[test]
fn a_collector_that_is_down_costs_spans_and_nothing_else() {
    let _turn = turn();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let guard = init_tracing("test")
        .endpoint(format!("http://{nobody}"))
        .batch_delay(Duration::from_millis(10))
        .timeout(Duration::from_millis(100))
        .max_queued_spans(100)
        .start()
        .unwrap();
    // A second would be a hundred times what it takes.
    assert!(spans(1_000) < Duration::from_secs(1));
    flush();
    until("every span is counted as lost", || stats().lost == 1_000);
    assert_eq!(stats(), Stats { ended: 1_000, exported: 0, lost: 1_000 });
    let begun = Instant::now();
    drop(guard);
    assert!(begun.elapsed() < Duration::from_secs(6), "the end waits no longer than it says");
    assert_eq!(stats(), Stats::default());
}

#[test]
fn a_collector_that_refuses_is_given_up_on_and_one_that_comes_back_is_found() {
    let _turn = turn();
    let collector = Collector::start();
    collector.answer_with(400);
    let _guard = begin(&collector, |builder| builder.timeout(Duration::from_millis(300)));
    spans(3);
    flush();
    until("refused spans are lost", || stats().lost == 3);
    // It stops, and another takes its place.
    let address = collector.address().to_owned();
    drop(collector);
    spans(2);
    flush();
    until("spans that nobody takes are lost", || stats().lost == 5);
    let collector = Collector::at(&address);
    spans(4);
    flush();
    until("spans arrive again", || stats().exported == 4);
    assert_eq!((collector.spans().len(), stats()), (4, Stats { ended: 9, exported: 4, lost: 5 }));
}

#[test]
fn what_a_busy_collector_sends_back_is_sent_again() {
    let _turn = turn();
    let collector = Collector::start();
    collector.answer_with(503);
    let _guard = begin(&collector, |builder| builder.timeout(Duration::from_secs(10)));
    spans(2);
    std::thread::sleep(Duration::from_millis(100));
    collector.answer_with(0);
    until("it arrives in the end", || stats().exported == 2);
    assert_eq!(stats().lost, 0);
}

#[test]
fn a_slow_collector_is_waited_for_by_nobody() {
    let _turn = turn();
    let collector = Collector::start();
    collector.delay(Duration::from_millis(400));
    let guard = begin(&collector, |builder| builder.max_queued_spans(50));
    spans(10);
    std::thread::sleep(Duration::from_millis(100));
    assert!(spans(1_000) < Duration::from_millis(300), "while a batch is on its way");
    let lost = stats().lost;
    assert!(lost >= 940, "what does not fit into the queue is lost: {lost}");
    drop(guard);
    assert_eq!(collector.spans().len() as u64, 1_010 - lost, "the rest was sent at the end");
}

#[test]
fn what_begins_after_the_end_leads_nowhere_until_somebody_starts_again() {
    let _turn = turn();
    let collector = Collector::start();
    let guard = begin(&collector, |builder| builder);
    spans(1);
    drop(guard);
    spans(5);
    assert_eq!((collector.spans().len(), stats()), (1, Stats::default()));
    let guard = begin(&collector, |builder| builder);
    spans(1);
    drop(guard);
    assert_eq!(collector.spans().len(), 2);
}

#[test]
fn a_key_is_sent_as_it_is_and_one_that_is_none_is_refused() {
    let _turn = turn();
    let collector = Collector::start();
    let guard =
        begin(&collector, |builder| builder.header("Authorization", "Basic a%41b").header("x-other", "1"));
    spans(1);
    drop(guard);
    let headers = collector.headers();
    assert!(
        headers.contains("authorization: basic a%41b\r\n") && headers.contains("x-other: 1"),
        "{headers}"
    );
    let broken = init_tracing("test").endpoint(collector.url()).header("x-key", "a\nb").start();
    assert!(broken.unwrap_err().to_string().contains("x-key"));
}

#[test]
fn an_endpoint_that_is_none_is_an_error() {
    let _turn = turn();
    for endpoint in ["http://a b", "no address at all", "localhost:6006", "htp://a"] {
        let error = init_tracing("test").endpoint(endpoint).start().unwrap_err().to_string();
        assert!(error.starts_with("spans cannot be sent to "), "{error}");
    }
    assert!(!cfg!(feature = "grpc") || init_tracing("t").endpoint("http://127.0.0.1:4317").start().is_ok());
}

#[cfg(feature = "grpc")]
#[tokio::test]
async fn a_grpc_endpoint_that_is_none_is_an_error_inside_a_runtime_too() {
    let _turn = turn();
    for endpoint in ["http://a b", "https://127.0.0.1:1"] {
        let started = init_tracing("test").endpoint(endpoint).protocol(bennu_sdk::Protocol::Grpc).start();
        assert!(started.is_err(), "{endpoint}");
    }
}

/// What the log says is for whoever set the wrong address.
#[test]
fn what_is_lost_is_said_once_with_its_address_and_cause() {
    use std::sync::{Arc, Mutex};
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let _turn = turn();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    // The exporter's thread logs, too: it has the process's subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let guard = init_tracing("test").endpoint(format!("http://{nobody}")).start().unwrap();
    spans(3);
    flush();
    until("spans are lost", || stats().lost == 3);
    spans(3);
    let (ended, sampling) = guard.shutdown();
    assert_eq!((ended, sampling), (Stats { ended: 6, exported: 0, lost: 6 }, Default::default()));
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(&nobody.to_string())).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("spans are being lost") && lines[0].contains("Connection refused"), "{said}");
}
