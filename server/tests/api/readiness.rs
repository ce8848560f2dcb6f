//! `/ready` and `/metrics`, for load balancers and monitoring.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;

use crate::helpers::{TestServer, start_scoring, this_program};
use crate::pixels::Person;
use crate::process::blinkgate;
use crate::program::Program;

#[tokio::test]
async fn a_server_is_ready_when_its_parts_are_and_names_those_that_are_not() {
    let server = TestServer::start().await;
    let answer = server.get("/ready").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let all_work = json!({ "database": "ok", "store": "ok", "scoring": "ok", "mail": "ok", "checkpoints": "ok" });
    assert_eq!(answer.json(), json!({ "ready": true, "parts": all_work }));

    server.app.db.close().await;
    assert_eq!(server.get("/ready").await.status, StatusCode::OK, "the result is cached for a moment");
    server.app.readiness.lock().await.take();
    let answer = server.get("/ready").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((&answer.json()["ready"], &answer.json()["parts"]["database"]), (&json!(false), &json!("down")));
    assert_eq!(server.get("/health").await.status, StatusCode::OK, "the process itself is running");
}

#[tokio::test]
async fn late_mails_are_reported_and_do_not_make_a_server_unready() {
    let server = TestServer::start().await;
    server.register("jo@example.org").await;
    server.execute("update mail_outbox set created_at = created_at - 600000").await;
    let answer = server.get("/ready").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["parts"]["mail"], "late");
}

#[tokio::test]
async fn metrics_count_requests_and_decisions_and_name_nobody() {
    server::metrics::begin();
    let server = TestServer::start().await;
    server.get("/metrics").await.assert_problem(401, "admin_key_missing");
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.status, StatusCode::OK);
    let text = server.admin("/metrics").await.text;
    for expected in [
        "liveness_verifications_total{status=\"VERIFIED\",reason=\"none\"}",
        "http_server_request_duration_seconds_count{method=\"POST\",route=\"/api/submission/{challenge}\",status=\"200\"}",
        "liveness_emails_total{transport=\"file\",outcome=\"sent\"}",
        "liveness_rescore_seconds_count",
        "liveness_emails_waiting",
        "liveness_scoring_free_permits",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    for secret in ["jo@example.com", person.cookie.as_str(), person.challenge["challenge_id"].as_str().unwrap()] {
        assert!(!text.contains(secret), "{secret} is in the metrics");
    }
}

#[tokio::test]
async fn a_server_with_busy_workers_says_so_and_stays_ready() {
    let pool = start_scoring(this_program(), 1);
    let server = TestServer::changed(&[], |app| app.scoring = pool).await;
    let permits: Vec<_> = std::iter::from_fn(|| server.app.scoring.try_admit()).collect();
    let answer = server.get("/ready").await;
    drop(permits);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((&answer.json()["ready"], &answer.json()["parts"]["scoring"]), (&json!(true), &json!("busy")));
}

#[tokio::test]
async fn invented_methods_and_paths_add_no_series() {
    const REQUESTS: &str = "http_server_request_duration_seconds_count";
    server::metrics::begin();
    let server = TestServer::start().await;
    let ask = async |n: usize| {
        let method = Method::from_bytes(format!("M{n}").as_bytes()).unwrap();
        for (method, path) in
            [(method.clone(), format!("/p{n}")), (method, "/".into()), (Method::GET, format!("/p{n}"))]
        {
            server.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
        }
    };
    ask(0).await;
    // Other tests in this process add series of their own, with real methods.
    let is_ours = |line: &&str| line.contains("\"other\"") || line.contains("method=\"GET\",route=\"(none)\"");
    let lines = async || {
        let text = server.admin("/metrics").await.text;
        text.lines().filter(is_ours).filter(|line| line.starts_with(REQUESTS)).count()
    };
    let before = lines().await;
    assert!(before >= 2, "the first requests are counted");
    for n in 1..3000 {
        ask(n).await;
    }
    assert_eq!(lines().await, before);
    assert!(!server.admin("/metrics").await.text.contains("M2999"));
}

mod without_postgres {
    use super::*;

    #[tokio::test]
    async fn the_health_command_asks_a_running_server() {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::serve(folder.path(), &[]).await;
        let port = program.port.to_string();
        let ask = |arguments: &[&str]| {
            let output = blinkgate(folder.path(), &[("PORT", &port)]).arg("health").args(arguments).output().unwrap();
            let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
            (output.status.success(), said.concat())
        };
        for (arguments, word) in [(&[][..], r#""status":"ok""#), (&["--ready"], r#""ready":true"#)] {
            let (well, said) = ask(arguments);
            assert!(well && said.contains(word), "{said}");
        }
        program.stop();
        let (well, said) = ask(&[]);
        assert!(!well && said.contains(&format!("no answer from http://127.0.0.1:{port}/health")), "{said}");
    }
}
