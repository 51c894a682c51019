//! The trace page: which rows it shows, what it says about a span, and the addresses it leads to.

use serde_json::{Value, json};

use crate::{kit::*, meaning::guide};

/// The path of a trace of the project "p".
fn path(trace: char) -> String {
    format!("/projects/p/traces/{}", trace.to_string().repeat(32))
}

/// The names of the rows, in order.
fn rows(page: &str) -> Vec<String> {
    let rows = page.split("<ol class=\"rows\"").nth(1).unwrap().split("</ol>").next().unwrap();
    let names = rows
        .split("class=\"name\"")
        .skip(1)
        .map(|row| row.split("<bdi>").nth(1).unwrap().split("</bdi>").next().unwrap());
    names.map(str::to_owned).collect()
}

/// The first link of the page that has this in its address or its tag.
fn link(page: &str, sign: &str) -> String {
    let tag = page.split("<a ").find(|tag| tag.split('>').next().unwrap().contains(sign));
    let tag = tag.unwrap_or_else(|| panic!("no link with {sign}"));
    tag.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&")
}

#[test]
fn rows_fold_and_are_filtered_by_the_url() {
    let server = TestServer::start();
    let mut spans = guide();
    spans[3]["status"] = json!({"code": 2, "message": "index is gone"});
    server.send(spans);
    let names = |query: &str| rows(&server.get(&format!("{}{query}", path('d'))).text);
    assert_eq!(names(""), ["agent.run", "llm.chat", "tool.search_docs", "retrieval"]);
    assert_eq!(names("?only=errors"), ["agent.run", "tool.search_docs", "retrieval"]);
    assert_eq!(names("?only=calls"), ["agent.run", "llm.chat"]);
    assert_eq!(names("?fold=all"), ["agent.run", "llm.chat", "tool.search_docs"]);
    let tool = "3".repeat(16);
    assert_eq!(names(&format!("?except={tool}")), ["agent.run", "llm.chat", "tool.search_docs"]);
    assert_eq!(names(&format!("?fold=all&except={tool}")), names(""));
    // Words of a prompt, of a name, and of a document.
    assert_eq!(names("?find=CAREFUL"), ["agent.run", "llm.chat"]);
    assert_eq!(names("?find=search_docs"), ["agent.run", "tool.search_docs"]);
    assert_eq!(names("?find=write-ahead"), ["agent.run", "tool.search_docs", "retrieval"]);
    assert!(names("?find=nowhere").is_empty());
    assert!(server.get(&format!("{}?find=nowhere", path('d'))).text.contains("No span contains that"));

    let page = server.get(&path('d')).text;
    let folded = server.get(&format!("{}{}", path('d'), link(&page, "class=\"toggle\""))).text;
    assert_eq!(rows(&folded), ["agent.run"]);
    assert!(folded.contains("aria-expanded=\"false\""));
    let zoomed = server.get(&format!("{}?zoom={tool}", path('d'))).text;
    assert!(zoomed.contains("time of <bdi>tool.search_docs</bdi>") && rows(&zoomed) == names(""));
    for bad in ["only=x", "fold=x", "except=x", "history=x", "text=x", "zoom=x"] {
        assert_eq!(server.get(&format!("{}?{bad}", path('d'))).status, 422, "{bad}");
    }
    assert_eq!(server.get(&format!("{}?unknown=1", path('d'))).status, 400);
}

#[test]
fn parts_are_parts_of_the_page() {
    let server = TestServer::start();
    server.send(guide());
    let part = server.get(&format!("{}/rows?only=calls", path('d')));
    assert!(
        part.text.trim_start().starts_with("<ol class=\"rows\"") && part.text.contains("data-total=\"2\"")
    );
    assert_eq!(rows(&part.text), ["agent.run", "llm.chat"]);
    let pane = server.get(&format!("{}/span?span={}", path('d'), "3".repeat(16))).text;
    assert!(
        pane.trim_start().starts_with("<section class=\"detail\"")
            && pane.contains("search_docs")
            && !pane.contains("<html")
    );
    let other = server.get(&format!("{}/span?span={}", path('d'), "9".repeat(16))).text;
    assert!(other.contains("The span in the address is not in this trace"));
    for part in ["rows", "span"] {
        assert_eq!(server.get(&format!("{}/{part}", path('e'))).status, 404);
        assert_eq!(server.get(&format!("{}/{part}?only=x", path('d'))).status, 422);
    }
}

/// A conversation of two calls and the tool between them.
fn conversation() -> Value {
    let asked = json!({"role": "user", "content": "How warm is it in Cairo?"});
    let system = json!({"role": "system", "content": "Look things up before you answer anything at all."});
    let call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c-1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Cairo\"}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "c-1", "content": "{\"celsius\": 31}"});
    let llm = |id, input: Value, output: Value| {
        span(
            'b',
            id,
            Some('1'),
            "chat",
            &[
                ("openinference.span.kind", json!("LLM")),
                ("llm.input_messages", json!(input.to_string())),
                ("llm.output_messages", json!(json!([output]).to_string())),
            ],
        )
    };
    let mut spans = json!([
        span('b', '1', None, "run", &[("openinference.span.kind", json!("AGENT"))]),
        llm('2', json!([system, asked]), call.clone()),
        span(
            'b',
            '3',
            Some('1'),
            "tool.weather",
            &[
                ("openinference.span.kind", json!("TOOL")),
                ("tool.name", json!("weather")),
                ("tool.id", json!("c-1")),
                ("output.value", json!("{\"celsius\": 31}"))
            ]
        ),
        llm('4', json!([system, asked, call, result]), json!({"role": "assistant", "content": "31 °C."})),
    ]);
    for (at, (from, to)) in [(0, 9), (1, 3), (4, 5), (6, 8)].into_iter().enumerate() {
        let time = |ms: u64| json!((1_795_221_728_000_000_000 + ms * 1_000_000).to_string());
        (spans[at]["startTimeUnixNano"], spans[at]["endTimeUnixNano"]) = (time(from), time(to));
    }
    spans
}

#[test]
fn history_is_folded_and_tools_are_linked() {
    let server = TestServer::start();
    server.send(conversation());
    let page = server.get(&path('b')).text;
    let history = page.split("class=\"history\">").nth(1).unwrap_or_else(|| panic!("{page}"));
    assert!(history.starts_with("3 messages as in the previous call"), "{}", &history[..100]);
    assert!(page.contains("<h3>Messages <span class=\"sub\">5 messages</span></h3>"));
    let messages =
        page.split("class=\"messages\"").nth(1).unwrap().split("All attributes as sent").next().unwrap();
    assert!(!messages.contains("Look things up before"), "what was there before is folded");
    assert!(page.contains("31 °C.") && page.contains("ran 1.0 ms"));
    assert_eq!(link(&page, "The span that ran it"), format!("?span={}", "3".repeat(16)));
    let whole = server.get(&format!("{}{}", path('b'), link(&page, "history=all"))).text;
    assert!(
        whole.matches("class=\"message ").count() == 5 && whole.contains("message system repeated"),
        "{whole}"
    );
    let tool = server.get(&format!("{}?span={}", path('b'), "3".repeat(16))).text;
    assert!(tool.contains("asked for by") && tool.contains(&format!("?span={}", "2".repeat(16))));
}

#[test]
fn media_and_large_texts_have_addresses_where_nothing_runs() {
    let server = TestServer::start();
    let long = format!("<script>alert(1)</script>{}", "many words ".repeat(40_000));
    let svg = "data:image/svg+xml;base64,PHN2Zy8+";
    server.send(json!([span(
        'a',
        '1',
        None,
        "see",
        &[
            ("openinference.span.kind", json!("LLM")),
            (
                "llm.input_messages",
                json!(
                    json!([{"role": "user", "content": [
                        {"type": "text", "text": long},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                        {"type": "image_url", "image_url": {"url": svg}},
                        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                    ]}])
                    .to_string()
                )
            ),
        ]
    )]));
    let page = server.get(&path('a')).text;
    assert!(page.len() < 60_000, "a page of {} bytes", page.len());
    assert!(page.contains("Open all 440.0 kB as text") && !page.contains("data:image/png"));
    let bodies = format!("{}/spans/{}/body/", path('a'), "1".repeat(16));
    let addresses: Vec<String> =
        page.split(&bodies).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let mut kinds = Vec::new();
    for address in addresses {
        let body = server.get(&format!("{bodies}{address}"));
        let policy = body.header("content-security-policy").unwrap();
        assert!(policy.starts_with("sandbox;") && policy.contains("default-src 'none'"));
        assert_eq!(body.header("x-content-type-options"), Some("nosniff"));
        kinds.push(body.header("content-type").unwrap().to_owned());
        if kinds.last().unwrap().starts_with("text/plain") && body.text.len() > 100_000 {
            assert!(
                body.text == long || body.text.contains("input_audio"),
                "the whole text, or the attribute with it"
            );
        }
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["audio/wav", "image/png", "text/plain; charset=utf-8"]);
    assert_eq!(server.get(&format!("{bodies}{}", "0".repeat(32))).status, 404);
    assert_eq!(server.get(&format!("{}/spans/{}/body/x", path('a'), "2".repeat(16))).status, 404);
}

#[test]
fn texts_are_markdown_or_raw_as_chosen_last() {
    let server = TestServer::start();
    server.send(json!([span('a', '1', None, "x", &[
        ("openinference.span.kind", json!("LLM")),
        ("llm.output_messages", json!(json!([{"role": "assistant", "content": "so **bold** <b>raw</b> [x](javascript:alert(1))"}]).to_string())),
    ])]));
    let raw = server.get(&path('a'));
    assert!(raw.text.contains("so **bold** &lt;b&gt;raw") && raw.header("set-cookie").is_none());
    let markdown = server.get(&format!("{}?text=markdown", path('a')));
    assert!(markdown.text.contains("so <strong>bold</strong> &lt;b&gt;raw&lt;/b&gt; x</p>"));
    let cookie = markdown.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let again = server.get_with(&path('a'), &[("cookie", &cookie)]);
    assert!(again.text.contains("<strong>bold</strong>"));
    let back = server.get_with(&format!("{}?text=raw", path('a')), &[("cookie", &cookie)]);
    assert!(back.text.contains("so **bold**"));
}

#[test]
fn odd_traces_are_shown_as_what_they_are() {
    let server = TestServer::start();
    let at = |ms: u64| json!((1_795_221_728_000_000_000 + ms * 1_000_000).to_string());
    let mut early = span('a', '2', Some('1'), "early", &[]);
    early["startTimeUnixNano"] = at(0);
    let mut root = span('a', '1', None, "root", &[]);
    root["startTimeUnixNano"] = at(250);
    root["links"] = json!([{"traceId": "b".repeat(32), "spanId": "1".repeat(16)}]);
    let orphan = span('a', '3', Some('9'), "orphan", &[]);
    server.send(json!([root, early, orphan, span('b', '1', None, "target", &[])]));
    let page = server.get(&format!("{}?span={}", path('a'), "1".repeat(16))).text;
    assert!(page.contains("clock −250 ms") && page.contains("title=\"Its parent has not arrived\">orphan"));
    assert_eq!(
        link(&page, &format!("/traces/{}", "b".repeat(32))),
        format!("/traces/{}?span={}", "b".repeat(32), "1".repeat(16))
    );
    let target = server.get(&path('b')).text;
    assert!(target.contains("Linked from"));
    assert_eq!(link(&target, &path('a')), format!("{}?span={}", path('a'), "1".repeat(16)));
}

#[test]
fn pages_are_of_now_and_may_be_kept_for_the_moment_before_a_click() {
    let server = TestServer::start();
    server.send(guide());
    assert_eq!(server.get(&path('d')).header("cache-control"), Some("private, no-cache"));
    let ahead = server.get_with(&path('d'), &[("x-prefetch", "1")]);
    assert_eq!(ahead.header("cache-control"), Some("private, max-age=10"));
    let missing = server.get_with(&path('e'), &[("x-prefetch", "1")]);
    assert_eq!(missing.header("cache-control"), Some("private, no-cache"));
}

#[test]
fn a_page_has_an_end_whatever_a_span_holds() {
    let server = TestServer::start();
    let words = "many words ".repeat(100);
    let messages: Vec<Value> =
        (0..400).map(|n| json!({"role": "user", "content": format!("{n} {words}")})).collect();
    let documents: Vec<Value> = (0..300).map(|n| json!({"id": n.to_string(), "text": words})).collect();
    let mut attributes = vec![
        ("openinference.span.kind".to_owned(), json!("LLM")),
        ("llm.input_messages".to_owned(), json!(Value::from(messages).to_string())),
        ("retrieval.documents".to_owned(), json!(Value::from(documents).to_string())),
    ];
    attributes.extend((0..700).map(|n| (format!("attribute.{n}"), json!(words))));
    let attributes: Vec<(&str, Value)> =
        attributes.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    let mut sent = span('a', '1', None, "large", &attributes);
    let event = json!({"name": "e", "timeUnixNano": "1795221728000000001", "attributes": [{"key": "k", "value": {"stringValue": words}}]});
    sent["events"] = vec![event; 500].into();
    server.send(json!([sent]));
    let page = server.get(&path('a')).text;
    assert!(page.len() < 300_000, "{} bytes", page.len());
    for said in ["400 messages", "before these", "+ 260 more", "+ 475 more", "+ 603 more"] {
        assert!(page.contains(said), "{said}");
    }
    assert!(
        page.contains("<bdi>user</bdi>") && page.contains("399 many words"),
        "the end of the conversation is there"
    );
    let all = server.get(&format!("{}{}", path('a'), link(&page, "history=all"))).text;
    assert!(all.contains("0 many words") && all.matches("class=\"message ").count() == 400);
}

#[test]
fn a_sampled_trace_says_why_it_is_here_and_how_many_it_stands_for() {
    let server = TestServer::start();
    let said = |trace: char, reason: Option<&str>, state: &str| {
        let reason: Vec<_> = reason.map(|reason| ("sampling.reason", json!(reason))).into_iter().collect();
        let mut sampled = span(trace, '1', None, "root", &reason);
        sampled["traceState"] = json!(state);
        server.send(json!([sampled]));
        server.get(&path(trace)).text
    };
    for (trace, reason, state, expected) in [
        ('1', Some("slow"), "ot=th:0", "kept because it was slow; stands for itself"),
        ('2', Some("probability"), "ot=th:fd70a3d70a3d7", "kept by chance; stands for 100 like it"),
        ('3', None, "ot=th:8", "kept by a sampler; stands for 2.0 like it"),
    ] {
        let page = said(trace, reason, state);
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!said('4', None, "ot=th:0").contains("stands for"));
}
