//! The JSON that clients read.

use serde_json::{Value, json};

use crate::kit::*;

fn filled() -> TestServer {
    let server = TestServer::start();
    let agent = span(
        'a',
        '1',
        None,
        "agent",
        &[
            ("openinference.span.kind", json!("AGENT")),
            ("session.id", json!("s-1")),
            ("user.id", json!("u-1")),
            ("input.value", json!("question")),
        ],
    );
    let llm = span(
        'a',
        '2',
        Some('1'),
        "llm",
        &[
            ("openinference.span.kind", json!("LLM")),
            ("llm.model_name", json!("m-2")),
            ("llm.token_count.prompt", json!(100)),
            ("llm.token_count.completion", json!(20)),
            ("llm.token_count.prompt_details.cache_read", json!(40)),
            ("n", json!(5)),
            ("s", json!("5")),
        ],
    );
    let mut tool = span('b', '3', None, "tool", &[("openinference.span.kind", json!("TOOL"))]);
    tool["status"] = json!({"code": 2, "message": "broken"});
    tool["startTimeUnixNano"] = json!("1795221730000000000");
    tool["endTimeUnixNano"] = json!("1795221730250000000");
    server.send(json!([llm, agent, tool]));
    server
}

#[test]
fn a_trace_in_one_vocabulary() {
    let server = filled();
    let trace = server.trace(&"a".repeat(32));
    assert_eq!(trace["project"], "p");
    assert_eq!(trace["also_in"], json!([]));
    assert_eq!(
        (&trace["session_id"], &trace["user_id"], &trace["status"]),
        (&json!("s-1"), &json!("u-1"), &json!("OK"))
    );
    assert_eq!(
        trace["usage"],
        json!({"input": 100, "output": 20, "cache_read": 40, "cache_write": null, "reasoning": null, "total": 120})
    );
    assert_eq!(trace["duration_ms"], json!(1500.000001));
    let llm = trace["spans"].as_array().unwrap().iter().find(|span| span["name"] == "llm").unwrap();
    assert_eq!(
        (&llm["kind"], &llm["otel_kind"], &llm["model"]),
        (&json!("LLM"), &json!("INTERNAL"), &json!("m-2"))
    );
    assert_eq!(llm["usage_owned"]["total"], 120);
    assert_eq!(
        (&llm["start_ns"], &llm["end_ns"]),
        (&json!("1795221728000000001"), &json!("1795221729500000002"))
    );
    assert_eq!(llm["attributes"]["n"], 5);
    assert_eq!(server.trace(&"b".repeat(32))["status"], "ERROR");
    assert_eq!(server.get(&format!("/v1/traces/{}?project=q", "a".repeat(32))).status, 404);
    assert_eq!(server.get(&format!("/v1/traces/{}", "c".repeat(32))).status, 404);
    assert_eq!(server.get("/v1/traces/xyz").status, 422);
    assert_eq!(server.get(&format!("/v1/traces/{}?x=1", "a".repeat(32))).status, 422);
}

#[test]
fn spans_as_phoenix_answers_them() {
    let server = filled();
    let names = |query: &str| -> Vec<String> {
        let answer = server.get(&format!("/v1/projects/p/spans?{query}")).json();
        answer["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|span| span["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(""), ["tool", "agent", "llm"]);
    assert_eq!(names("span_kind=llm&span_kind=TOOL"), ["tool", "llm"]);
    assert_eq!(names("status_code=ERROR"), ["tool"]);
    assert_eq!(names("name=agent"), ["agent"]);
    assert_eq!(names("parent_id=null"), ["tool", "agent"]);
    assert_eq!(names(&format!("parent_id={}", "1".repeat(16))), ["llm"]);
    assert_eq!(names(&format!("trace_id={}&span_id={}", "a".repeat(32), "2".repeat(16))), ["llm"]);
    assert_eq!(names("attribute=n:5"), ["llm"]);
    assert_eq!(names("attribute=n:%225%22"), [""; 0]);
    assert_eq!(names("attribute=s:%225%22&attribute=n:5"), ["llm"]);
    assert_eq!(names("start_time=2026-11-21T00:42:10%2B00:00"), ["tool"]);
    assert_eq!(
        names("end_time=2026-11-21T00:42:10Z&order=asc&sort=start_time"),
        ["llm", "agent"].map(|name| name.to_owned())
    );

    let first = server.get("/v1/projects/p/spans?limit=2").json();
    let cursor = first["next_cursor"].as_str().unwrap().replace('=', "%3D");
    let second = server.get(&format!("/v1/projects/p/spans?limit=2&cursor={cursor}")).json();
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_cursor"]), (1, &Value::Null));
    let span = &first["data"][0];
    assert_eq!(
        (
            &span["context"],
            &span["span_kind"],
            &span["status_code"],
            &span["status_message"],
            &span["parent_id"]
        ),
        (
            &json!({"trace_id": "b".repeat(32), "span_id": "3".repeat(16)}),
            &json!("TOOL"),
            &json!("ERROR"),
            &json!("broken"),
            &Value::Null
        )
    );
    assert_eq!(span["start_time"], "2026-11-21T00:42:10.000000+00:00");
    for query in [
        "filter=x",
        "limit=0",
        "limit=x",
        "span_kind=NOPE",
        "trace_id=1",
        "start_time=now",
        "sort=name",
        "cursor=x",
    ] {
        assert_eq!(server.get(&format!("/v1/projects/p/spans?{query}")).status, 422, "{query}");
    }
    assert_eq!(server.get("/v1/projects/none/spans").status, 404);
}

#[test]
fn traces_and_projects_as_phoenix_answers_them() {
    let server = filled();
    let traces = |query: &str| server.get(&format!("/v1/projects/p/traces?{query}")).json();
    let all = traces("include_spans=true");
    assert_eq!(all["data"][1]["token_count_total"], 120);
    assert_eq!(all["data"][1]["spans"].as_array().unwrap().len(), 2);
    let count = |query: &str| traces(query)["data"].as_array().unwrap().len();
    assert_eq!((count("error=true"), count("error=false")), (1, 1));
    assert_eq!((count("min_latency_ms=1000"), count("max_latency_ms=1000")), (1, 1));
    assert_eq!((count("session_identifier=s-1"), count("session_identifier=s-2")), (1, 0));
    let first = traces("limit=1");
    assert_eq!(count(&format!("limit=1&cursor={}", first["next_cursor"].as_str().unwrap())), 1);
    assert_eq!(server.get("/v1/projects/p/traces?filter=x").status, 422);

    let projects = server.get("/v1/projects").json();
    let id = projects["data"][0]["id"].as_str().unwrap();
    assert_eq!((projects["data"][0]["name"].as_str(), &projects["next_cursor"]), (Some("p"), &Value::Null));
    assert_eq!(server.get(&format!("/v1/projects/{}/traces", id.replace('=', "%3D"))).status, 200);
    assert_eq!(server.get("/v1/projects?name_contains=q").json()["data"], json!([]));
    assert_eq!(server.get("/v1/projects?x=1").status, 422);
    let version = server.get("/arize_phoenix_version");
    assert_eq!(version.header("x-phoenix-server-version"), Some(version.text.as_str()));
}

#[test]
fn a_trace_leaves_as_otlp_and_comes_back_the_same() {
    let server = filled();
    let path = format!("/v1/traces/{}/otlp?project=p", "a".repeat(32));
    let exported = server.get(&path);
    let other = TestServer::start();
    let headers = [("content-type", "application/json"), ("x-project-name", "p")];
    assert_eq!(other.post("/v1/traces", &headers, exported.text.as_bytes()).text, "{}");
    assert_eq!(other.get(&path).json(), exported.json());
    assert_eq!(other.trace(&"a".repeat(32)), server.trace(&"a".repeat(32)));
}

#[test]
fn deleting_over_json() {
    let server = filled();
    let delete = |path: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.delete(server.url(path)).call().unwrap().status().as_u16()
    };
    assert_eq!(delete(&format!("/v1/traces/{}", "a".repeat(32))), 204);
    assert_eq!(delete(&format!("/v1/traces/{}", "a".repeat(32))), 404);
    assert_eq!(delete("/v1/projects/p"), 204);
    assert_eq!(server.get("/v1/projects").json()["data"], json!([]));
}

#[test]
fn it_says_whether_it_lives() {
    let server = TestServer::start();
    assert_eq!(server.get("/healthz").text, "OK");
    assert_eq!(server.get("/readyz").status, 200);
}
