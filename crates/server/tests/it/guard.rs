//! Who may ask.

use crate::{kit::*, meaning::guide};

#[test]
fn with_a_token_everything_needs_it_but_health_and_login() {
    let server = TestServer::with(&["--token", "secret-token"]);
    let bearer = ("authorization", "Bearer secret-token");
    let body = export(guide()).to_string();
    let json = ("content-type", "application/json");
    assert_eq!(server.post("/v1/traces", &[json], body.as_bytes()).status, 401);
    assert_eq!(
        server.post("/v1/traces", &[json, ("authorization", "Bearer wrong-token")], body.as_bytes()).status,
        401
    );
    assert_eq!(server.post("/v1/traces", &[json, bearer], body.as_bytes()).status, 200);
    assert_eq!(server.get("/v1/projects").status, 401);
    assert_eq!(server.get_with("/v1/projects", &[bearer]).status, 200);
    assert_eq!(server.get("/healthz").status, 200);
    let page = server.get("/projects/default/traces?status=error");
    assert_eq!(
        (page.status, page.header("location")),
        (303, Some("/login?next=%2Fprojects%2Fdefault%2Ftraces%3Fstatus%3Derror"))
    );

    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(server.post("/login", &[form], b"token=wrong").status, 401);
    assert_eq!(
        server.post("/login", &[form, ("origin", "http://evil.example")], b"token=secret-token").status,
        403
    );
    let login = server.post("/login", &[form], b"token=secret-token&next=%2Fprojects%2Fdefault%2Ftraces");
    assert_eq!((login.status, login.header("location")), (303, Some("/projects/default/traces")));
    let cookie = login.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("secret-token")
    );
    let cookie = ("cookie", cookie.split(';').next().unwrap());
    assert_eq!(server.get_with("/", &[cookie]).status, 200);
    assert_eq!(server.get_with("/v1/projects", &[cookie]).status, 200);
}

#[test]
fn without_a_token_other_host_names_are_refused_on_pages_and_json_but_not_for_senders() {
    let server = TestServer::with(&["--allowed-hosts", "bennu.internal"]);
    for path in ["/", "/v1/projects"] {
        assert_eq!(server.get_with(path, &[("host", "evil.example")]).status, 403, "{path}");
        assert_eq!(server.get_with(path, &[("host", "bennu.internal:6006")]).status, 200, "{path}");
    }
    let headers = [("content-type", "application/json"), ("host", "collector.internal")];
    assert_eq!(server.post("/v1/traces", &headers, b"{}").status, 200);
    assert_eq!(server.get("/login").header("location"), Some("/"));
}
