//! Lists: charts and columns, rows as they come, sessions, users, and two traces side by side.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::kit::*;

/// A trace of one call by a user in a session, a number of seconds after the first.
fn turn(trace: char, name: &str, session: &str, user: &str, second: u64, answer: &str) -> Value {
    let mut sent = span(
        trace,
        '1',
        None,
        name,
        &[
            ("openinference.span.kind", json!("LLM")),
            ("session.id", json!(session)),
            ("user.id", json!(user)),
            (
                "llm.input_messages",
                json!(json!([{"role": "user", "content": format!("question {second}")}]).to_string()),
            ),
            ("llm.output_messages", json!(json!([{"role": "assistant", "content": answer}]).to_string())),
            ("llm.token_count.prompt", json!(10)),
        ],
    );
    let time = |second: u64| json!((1_795_221_728_000_000_000 + second * 1_000_000_000).to_string());
    (sent["startTimeUnixNano"], sent["endTimeUnixNano"]) = (time(second), time(second + 1));
    sent
}

#[test]
fn charts_columns_and_durations() {
    let server = TestServer::start();
    server.send(json!([turn('a', "one", "s", "u", 0, "x"), turn('b', "two", "s", "u", 60, "y")]));
    let page = server.get("/projects/p/traces").text;
    assert!(page.contains("requests over 1 min 0 s: 2") && page.contains("data-values=\"1|0|"));
    assert!(
        !server.get("/projects/p/traces?name=one").text.contains("class=\"charts\""),
        "one trace is no chart"
    );
    let chosen = server.get("/projects/p/traces?columns=what,session");
    assert!(chosen.text.contains("class=\"c-session\"") && !chosen.text.contains("class=\"c-user\""));
    let cookie = chosen.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(
        server.get_with("/projects/p/traces", &[("cookie", &cookie)]).text.contains("class=\"c-session\"")
    );
    assert!(server.get("/projects/p/traces?slower=900ms").text.contains("<bdi>one</bdi>"));
    assert!(server.get("/projects/p/traces?slower=2s").text.contains("No trace matches"));
    assert_eq!(server.get("/projects/p/traces?slower=soon").status, 422);
}

#[test]
fn the_list_is_sorted_by_link_and_goes_on_in_its_order() {
    let server = TestServer::start();
    let traces = (0..60_u64).map(|n| {
        let mut sent = turn('a', &format!("lasts {n}"), "s", "u", 0, "x");
        sent["traceId"] = json!(format!("{:032x}", n + 1));
        sent["endTimeUnixNano"] = json!(
            (1_795_221_728_000_000_000 + 1_000_000_000 + n * 7_919_000_000 % 58_000_000_000).to_string()
        );
        sent
    });
    server.send(traces.collect());
    let durations = |page: &str| -> Vec<f64> {
        let cells = page.split("class=\"num dur\">").skip(1);
        cells.map(|cell| cell.split(' ').next().unwrap().parse().unwrap()).collect()
    };
    let page = server.get("/projects/p/traces").text;
    assert!(page.contains("href=\"/projects/p/traces?sort=duration\""));
    let sorted = server.get("/projects/p/traces?sort=duration").text;
    let older =
        sorted.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let all = [durations(&sorted), durations(&server.get(&older).text)].concat();
    assert!(all.len() == 60 && all.is_sorted_by(|a, b| a >= b), "{all:?}");
    assert!(
        !sorted.contains("data-live") && page.contains("data-live"),
        "rows that come are the newest, not the longest"
    );
    assert_eq!(server.get("/projects/p/traces?sort=name").status, 422);
}

#[test]
fn new_traces_arrive_by_themselves() {
    let server = TestServer::start();
    server.send(json!([turn('a', "first", "s", "u", 0, "x")]));
    let page = server.get("/projects/p/traces?user=u").text;
    let live = page.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let mut stream = TcpStream::connect(server.addresses.http).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {live} HTTP/1.1\r\nhost: {}\r\n\r\n", server.addresses.http).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(
        lines
            .by_ref()
            .take_while(|line| !line.is_empty())
            .any(|line| line == "content-type: text/event-stream")
    );
    server.send(json!([turn('b', "somebody else's", "s", "v", 1, "x")]));
    server.send(json!([turn('c', "second", "s", "u", 2, "x")]));
    let sent: Vec<String> = lines.by_ref().take_while(|line| !line.contains("<bdi>second</bdi>")).collect();
    assert!(!sent.is_empty() && sent.iter().all(|line| !line.contains("somebody else")), "{sent:?}");
    assert!(lines.next().is_some(), "the stream goes on");
    assert_eq!(server.get("/projects/p/traces/live?status=x").status, 422);
}

#[test]
fn a_session_is_a_conversation() {
    let server = TestServer::start();
    let long = format!("a long answer {}", "word ".repeat(200));
    server.send(json!([
        turn('a', "chat", "s/1?", "ann", 0, "first answer"),
        turn('b', "chat", "s/1?", "ann", 60, &long),
        turn('c', "chat", "other", "bob", 30, "elsewhere"),
    ]));
    let list = server.get("/projects/p/sessions").text;
    assert!(list.contains("href=\"/projects/p/session?id=s%2F1%3F\"") && list.contains("1 min 1 s"));
    assert!(list.find("s/1?").unwrap() < list.find("other").unwrap(), "the latest first");
    let page = server.get("/projects/p/session?id=s%2F1%3F").text;
    let said: Vec<usize> = ["question 0", "first answer", "question 60", "a long answer"]
        .map(|text| page.find(text).unwrap())
        .to_vec();
    assert!(said.is_sorted() && page.contains("2 traces") && !page.contains("elsewhere"));
    assert!(page.matches("word ").count() >= 200, "answers are whole");
    assert!(page.contains(&format!("href=\"/projects/p/traces/{}\"", "b".repeat(32))));
    assert!(server.get("/projects/p/sessions?q=OTHER").text.contains("other"));
    assert!(server.get("/projects/p/sessions?q=nothing").text.contains("No session matches"));
    assert!(!server.get("/projects/p/sessions?user=bob").text.contains("s/1?"));
    for (path, status) in [
        ("/projects/p/session?id=none", 404),
        ("/projects/none/sessions", 404),
        ("/projects/p/sessions?cursor=x", 422),
        ("/projects/p/session?id=other&cursor=x", 422),
        ("/projects/p/sessions?unknown=1", 400),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
}

#[test]
fn users_have_their_traces_tokens_and_errors() {
    let server = TestServer::start();
    let mut failed = turn('b', "chat", "s2", "ann", 60, "x");
    failed["status"] = json!({"code": 2});
    server.send(json!([
        turn('a', "chat", "s1", "ann", 0, "x"),
        failed,
        turn('c', "chat", "s3", "bob", 30, "x")
    ]));
    let page = server.get("/projects/p/users").text;
    let row = page.split("<tr").find(|row| row.contains("<bdi>ann</bdi>")).unwrap();
    for said in ["data-name=\"traces\" title=\"2 spans\">2<", "✕ 1", ">20<", "user=ann", "Sessions of ann: 2"]
    {
        assert!(row.contains(said), "{said} in {row}");
    }
    server.send(json!([span('e', '1', None, "nobody", &[])]));
    assert!(server.get("/projects/p/users?q=zoe").text.contains("No user matches"));
    let none = TestServer::start();
    none.send(json!([span('e', '1', None, "nobody", &[])]));
    assert!(none.get("/projects/p/users").text.contains("using_user"));
}

#[test]
fn two_traces_side_by_side() {
    let server = TestServer::start();
    let mut failed = turn('b', "chat", "s", "ann", 60, "the answer is 43");
    failed["status"] = json!({"code": 2, "message": "wrong"});
    server.send(json!([
        turn('a', "chat", "s", "ann", 0, "the answer is 42"),
        failed,
        span('b', '2', Some('1'), "extra", &[])
    ]));
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    let picked = server.get(&format!("/projects/p/compare?trace={b}&trace={a}"));
    assert_eq!(
        picked.header("location"),
        Some(format!("/projects/p/compare?a={a}&b={b}").as_str()),
        "the older is a"
    );
    let good = server.get(&format!("/projects/p/compare?b={b}")).text;
    let page = server.get(&format!("/projects/p/compare?a={a}&b={b}")).text;
    assert_eq!(good.matches(&a).count() > 0, page.matches(&a).count() > 0, "the last good one is found");
    for said in [
        "<del>the answer is 42</del>",
        "<ins>the answer is 43</ins>",
        "only in B",
        "<b><bdi>error wrong</bdi></b>",
    ] {
        assert!(page.contains(said), "{said}");
    }
    for (query, status) in [
        (String::new(), 422),
        (format!("a={a}"), 422),
        (format!("trace={a}"), 422),
        (format!("b={a}"), 404),
        (format!("a={a}&b={}", "c".repeat(32)), 404),
        ("b=x".into(), 422),
    ] {
        assert_eq!(server.get(&format!("/projects/p/compare?{query}")).status, status, "{query}");
    }
}
