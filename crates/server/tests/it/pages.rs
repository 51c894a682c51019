//! Pages, as a reader without a browser sees them; `.ci/clients` opens them in Chromium.

use serde_json::json;

use crate::{kit::*, meaning::guide};

#[test]
fn from_nothing_to_the_waterfall() {
    let server = TestServer::start();
    let empty = server.get("/").text;
    assert!(
        empty.contains("No traces yet")
            && empty.contains(&format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", server.addresses.http))
    );
    server.send(guide());
    assert!(server.get("/").text.contains("href=\"/projects/p/traces\""));

    let list = server.get("/projects/p/traces").text;
    let link = format!("/projects/p/traces/{}", "d".repeat(32));
    for said in
        [link.as_str(), "Compare Postgres and SQLite.", "For a small app use SQLite.", "1,350", "1.50 s"]
    {
        assert!(list.contains(said), "{said}");
    }
    let trace = server.get(&link).text;
    for name in ["agent.run", "llm.chat", "tool.search_docs", "retrieval"] {
        assert!(trace.contains(&format!("<bdi>{name}</bdi>")), "{name}");
    }
    assert!(trace.contains("1 chunk") && trace.contains("1,350 tok"));
    // It opens on the call that gave the answer.
    assert!(trace.contains("For a small app use SQLite."));
    assert_eq!(server.get("/projects/p").header("location"), Some("/projects/p/traces"));
}

#[test]
fn filters_and_pages_of_the_list() {
    let server = TestServer::start();
    let traces = (0..60).map(|n| {
        let mut sent = span(
            'a',
            '1',
            None,
            &format!("trace {n}"),
            &[
                ("user.id", json!(format!("user-{}", n % 2))),
                ("openinference.span.kind", json!(if n == 7 { "TOOL" } else { "LLM" })),
            ],
        );
        sent["traceId"] = json!(format!("{:032x}", n + 1));
        sent["startTimeUnixNano"] = json!((1_795_221_728_000_000_000_u64 + n * 1_000_000_000).to_string());
        if n == 3 {
            sent["status"] = json!({"code": 2});
        }
        sent
    });
    server.send(traces.collect());
    let names = |query: &str| {
        let page = server.get(&format!("/projects/p/traces?{query}")).text;
        (page.matches("<bdi>trace ").count(), page)
    };
    let (shown, page) = names("");
    assert_eq!(shown, 50);
    let older = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(
        server.get(&older.replace("&#38;", "&").replace("&amp;", "&")).text.matches("<bdi>trace ").count(),
        10
    );
    for (query, count) in [
        ("status=error", 1),
        ("status=ok", 50),
        ("kind=TOOL", 1),
        ("name=TRACE+59", 1),
        ("user=user-1", 30),
        ("user=nobody", 0),
        ("service=test&user=user-0", 30),
        ("session=x", 0),
        ("last=15m", 0),
        ("since=2026-11-21T00:42:18&until=2026-11-21T00:42:28", 10),
    ] {
        assert_eq!(names(query).0, count, "{query}");
    }
    assert!(names("user=nobody").1.contains("No trace matches"));
    for bad in ["status=x", "kind=x", "last=x", "since=x", "cursor=x"] {
        assert_eq!(server.get(&format!("/projects/p/traces?{bad}")).status, 422, "{bad}");
    }
    let unknown = server.get("/projects/p/traces?unknown=1");
    assert!(
        unknown.status == 400
            && unknown.text.contains("a parameter that is not understood")
            && unknown.text.contains("All projects")
    );
}

#[test]
fn whatever_is_pasted_leads_to_the_trace() {
    let server = TestServer::start();
    server.send(guide());
    let (trace, span) = ("d".repeat(32), "2".repeat(16));
    let page = format!("/projects/p/traces/{trace}");
    for (pasted, target) in [
        (trace.clone(), page.clone()),
        (trace.to_uppercase(), page.clone()),
        ("dddddd".to_owned(), page.clone()),
        (format!("00-{trace}-{span}-01"), format!("{page}?span={span}")),
        (format!("https%3A%2F%2Fother.example%2Ftrace%2F{trace}"), page.clone()),
        (span.clone(), format!("{page}?span={span}")),
    ] {
        let answer = server.get(&format!("/open?q={pasted}"));
        assert_eq!((answer.status, answer.header("location")), (303, Some(target.as_str())), "{pasted}");
    }
    assert_eq!(server.get(&format!("/traces/{trace}")).header("location"), Some(page.as_str()));
    assert_eq!(server.get(&format!("/traces/{}", "e".repeat(32))).status, 404);
    let nothing = server.get("/open?q=eeee");
    assert!(nothing.status == 404 && nothing.text.contains("No trace or span begins with"));
    assert!(server.get("/open?q=hello").text.contains("contains no id"));
}

#[test]
fn a_call_is_copied_out_as_a_request() {
    let server = TestServer::start();
    server.send(guide());
    let base = format!("/v1/traces/{}/spans/{}", "d".repeat(32), "2".repeat(16));
    let request = server.get(&format!("{base}/openai?project=p")).json();
    assert_eq!((&request["model"], &request["temperature"]), (&json!("gpt-4o-mini"), &json!(0.0)));
    assert_eq!(request["messages"][1], json!({"role": "user", "content": "Compare Postgres and SQLite."}));
    assert!(server.get(&format!("{base}/curl")).text.starts_with("curl "));
    assert_eq!(
        server.get(&format!("/v1/traces/{}/spans/{}/curl", "d".repeat(32), "9".repeat(16))).status,
        404
    );
}

#[test]
fn deleting_asks_for_a_word() {
    let server = TestServer::start();
    server.send(guide());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let page = format!("/projects/p/traces/{}/delete", "d".repeat(32));
    assert!(server.get(&page).text.contains("4 spans"));
    assert_eq!(server.post(&page, &form, b"word=no").status, 422);
    assert_eq!(server.post(&page, &[form[0], ("origin", "http://evil.example")], b"word=delete").status, 403);
    server.trace(&"d".repeat(32));
    assert_eq!(server.post(&page, &form, b"word=delete").status, 303);
    assert_eq!(server.get(&format!("/v1/traces/{}", "d".repeat(32))).status, 404);
    assert!(server.get("/projects/p/delete").text.contains("0 traces"));
    assert_eq!(server.post("/projects/p/delete", &form, b"word=q").status, 422);
    assert_eq!(server.post("/projects/p/delete", &form, b"word=p").status, 303);
    assert_eq!(server.get("/projects/p/delete").status, 404);
}

#[test]
fn content_of_traces_cannot_become_markup() {
    let server = TestServer::start();
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>";
    server.send(json!([span('a', '1', None, evil, &[
        ("openinference.span.kind", json!("LLM")),
        ("llm.model_name", json!(evil)),
        ("session.id", json!(evil)),
        ("user.id", json!(evil)),
        ("input.value", json!(evil)),
        ("llm.input_messages", json!(json!([{"role": evil, "content": evil}, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": format!("javascript:{evil}")}}]}]).to_string())),
        ("llm.output_messages", json!(json!([{"role": "assistant", "content": evil, "tool_calls": [{"id": evil, "function": {"name": evil, "arguments": evil}}]}]).to_string())),
        ("retrieval.documents", json!(json!([{"id": evil, "text": evil, "score": 1.0, "metadata": {evil: evil}}]).to_string())),
        (evil, json!(evil)),
    ])]));
    for path in [
        "/projects/p/traces".to_owned(),
        format!("/projects/p/traces/{}", "a".repeat(32)),
        format!("/open?q={}", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
    ] {
        let answer = server.get(&path);
        assert!(
            !answer.text.contains("<script>alert")
                && !answer.text.contains("<img src=x")
                && !answer.text.contains("<svg onload"),
            "{path}"
        );
        assert!(
            !answer.text.contains("src=\"javascript:") && !answer.text.contains("href=\"javascript:"),
            "{path}"
        );
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn large_traces_are_shown_by_window() {
    let server = TestServer::start();
    let spans = (1..=1200_u64).map(|n| {
        let mut sent = span('a', '1', None, &format!("s{n}"), &[]);
        sent["spanId"] = json!(format!("{n:016x}"));
        sent["parentSpanId"] = json!(if n == 1 { String::new() } else { format!("{:016x}", 1) });
        sent["startTimeUnixNano"] = json!((1_795_221_728_000_000_000 + n).to_string());
        sent
    });
    server.send(spans.collect());
    let base = format!("/projects/p/traces/{}", "a".repeat(32));
    let first = server.get(&base).text;
    assert_eq!(first.matches("class=\"span ").count(), 100);
    assert!(first.contains("Rows 1 to 100 of 1,200"));
    assert!(server.get(&format!("{base}?span={:016x}", 1200)).text.contains("Rows 1,151 to 1,200 of 1,200"));
    assert!(server.get(&format!("{base}?from=99999999999")).status == 200);
}

#[test]
fn assets_are_served_and_nothing_else() {
    let server = TestServer::start();
    for (file, kind) in
        [("style.css", "text/css"), ("app.js", "text/javascript"), ("icon.svg", "image/svg+xml")]
    {
        let answer = server.get(&format!("/static/any/{file}"));
        assert!(answer.status == 200 && answer.header("content-type").unwrap().starts_with(kind));
    }
    assert_eq!(server.get("/static/any/..%2f..%2fCargo.toml").status, 404);
    assert_eq!(server.get("/nowhere").status, 404);
}
