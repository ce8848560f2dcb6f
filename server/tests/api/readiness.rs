//! `/ready` and `/metrics`, for load balancers and monitoring.

use axum::http::StatusCode;
use serde_json::json;

use crate::helpers::TestServer;
use crate::pixels::Person;
use crate::process::blinkgate;
use crate::program::Program;

#[tokio::test]
async fn a_server_is_ready_when_its_parts_are_and_names_those_that_are_not() {
    let server = TestServer::start().await;
    let answer = server.get("/ready").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let all_work = json!({ "database": "ok", "store": "ok", "scoring": "ok", "mail": "ok" });
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
