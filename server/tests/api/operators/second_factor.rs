//! Keys with a second factor: a code is needed at sign-in, and each works once.

use std::io::Write as _;
use std::process::Stdio;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::clock;
use server::domain::{HashedToken, Scope};
use server::second_factor::{Factor, FactorKey, SignIn, sign_in};
use server::trail;

use super::{get, key, key_with_factor, post, sign_out};
use crate::helpers::{ADMIN_KEY, Answer, LOG, TestServer, join_all};
use crate::process::{assert_fails, blinkgate};

const STEP: i64 = 30_000;
const MINUTE: i64 = 60_000;

async fn enter(server: &TestServer, key: &str, code: &str) -> Answer {
    post(server, "/admin/session", key, &json!({ "code": code })).await
}

/// A code that is none of those that count now.
fn wrong(factor: &Factor) -> String {
    let now = clock::now_ms();
    let counting: Vec<String> = (-2..=2).map(|step| factor.code(now + step * STEP)).collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !counting.contains(code)).unwrap()
}

async fn actions(server: &TestServer) -> Vec<String> {
    let entries = server.audit().await;
    entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_with_a_second_factor_opens_only_a_session_and_only_with_a_code() {
    let server = TestServer::start().await;
    let (ops, factor) = key_with_factor(&server, "ops").await;
    let other = key(&server, "grafana", &[Scope::Events]).await;
    for path in ["/admin/me", "/admin/events", "/admin/audit.csv", "/admin/captures/none"] {
        get(&server, path, ops.expose()).await.assert_problem(403, "admin_code_required");
    }
    assert_eq!(get(&server, "/admin/events", other.expose()).await.status, StatusCode::OK, "machines have other keys");
    let opened = enter(&server, ops.expose(), &factor.code(clock::now_ms())).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    let me = get(&server, "/admin/me", &token).await.json();
    assert_eq!(me, json!({ "name": "ops", "scopes": ["events", "audit"] }));
    get(&server, "/admin/captures/none", &token).await.assert_problem(403, "admin_scope_missing");
    enter(&server, &token, &factor.code(clock::now_ms() + STEP)).await.assert_problem(409, "second_factor_missing");
    enter(&server, ADMIN_KEY, "123456").await.assert_problem(409, "second_factor_missing");
    let entry = server.audit().await.remove(0);
    assert_eq!((&entry["action"], &entry["details"]["name"]), (&json!("signed_in"), &json!("ops")));
    assert_eq!(entry["actor"], format!("the key ops ({})", ops.id));

    assert_eq!(sign_out(&server, &token).await.json(), json!({ "ended": true }));
    get(&server, "/admin/me", &token).await.assert_problem(401, "admin_session_over");
    assert_eq!(sign_out(&server, ADMIN_KEY).await.json(), json!({ "ended": false }));
    for (table, rows) in server.contents().await {
        assert!(rows.iter().all(|row| !row.contains(&token)), "{table}");
    }
    assert!(!LOG.text().contains(&token));
}

#[tokio::test]
async fn a_code_works_once_even_for_two_at_once() {
    let server = TestServer::start().await;
    let (ops, factor) = key_with_factor(&server, "ops").await;
    let beside = server.beside(&[]).await;
    let code = factor.code(clock::now_ms());
    let tries = [&server, &beside, &server, &beside].map(|server| enter(server, ops.expose(), &code));
    let answers = join_all(tries.into_iter().collect()).await;
    let opened = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(opened, 1);
    answers
        .iter()
        .filter(|answer| answer.status != 200)
        .for_each(|answer| answer.assert_problem(403, "admin_code_wrong"));
    assert_eq!(actions(&server).await.iter().filter(|action| *action == "code_wrong").count(), 3);
    let report = trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn codes_count_one_step_early_and_late_and_none_before_one_that_was_used() {
    let server = TestServer::start().await;
    let (ops, factor) = key_with_factor(&server, "ops").await;
    let mut db = server.app.db.read().await.unwrap();
    let ops = server::db::admin_keys::find(&mut db, &ops.id).await.unwrap().unwrap();
    drop(db);
    let start = clock::now_ms() / STEP * STEP;
    let at = async |shown_at: i64, entered_at: i64| {
        let code = factor.code(start + shown_at * STEP);
        let came = sign_in(&server.app.db, &server.app.factors, (&ops, "a test"), &code, start + entered_at * STEP);
        match came.await.unwrap() {
            SignIn::Done(_) => "in",
            SignIn::WrongCode => "wrong",
            _ => "else",
        }
    };
    // The phone is two minutes late, a minute late, half a minute late; on time; early.
    assert_eq!([at(0, 4).await, at(0, 2).await, at(0, 1).await], ["wrong", "wrong", "in"]);
    assert_eq!(at(0, 1).await, "wrong", "used");
    assert_eq!([at(1, 1).await, at(0, 1).await], ["in", "wrong"]);
    assert_eq!(
        [at(4, 3).await, at(3, 3).await],
        ["in", "wrong"],
        "an early one was used, so earlier ones do not count"
    );
    assert_eq!([at(6, 4).await, at(7, 5).await], ["wrong", "wrong"], "two steps early");
}

#[tokio::test]
async fn wrong_codes_cost_time_and_are_in_the_trail() {
    let server = TestServer::start().await;
    let (ops, factor) = key_with_factor(&server, "ops").await;
    for _ in 0..5 {
        enter(&server, ops.expose(), &wrong(&factor)).await.assert_problem(403, "admin_code_wrong");
    }
    let limited = enter(&server, ops.expose(), &factor.code(clock::now_ms())).await;
    limited.assert_problem(429, "too_many_requests");
    assert!(
        (1..=61).contains(&limited.header("retry-after").parse::<i64>().unwrap()),
        "{}",
        limited.header("retry-after")
    );
    assert_eq!(server.number("select wrong_codes from second_factors").await, 5, "it was not looked at");
    // The other server knows, and others are not held up.
    let beside = server.beside(&[]).await;
    enter(&beside, ops.expose(), "123456").await.assert_problem(429, "too_many_requests");
    let (ann, hers) = key_with_factor(&server, "ann").await;
    assert_eq!(enter(&server, ann.expose(), &hers.code(clock::now_ms())).await.status, StatusCode::OK);
    // A minute later; the next pause is twice as long.
    for minutes in [1, 2] {
        server.execute("update second_factors set wrong_at = wrong_at - 60000").await;
        if minutes == 2 {
            enter(&server, ops.expose(), "123456").await.assert_problem(429, "too_many_requests");
            server.execute("update second_factors set wrong_at = wrong_at - 60000").await;
        }
        enter(&server, ops.expose(), &wrong(&factor)).await.assert_problem(403, "admin_code_wrong");
    }
    let hour = 60 * MINUTE;
    server.execute("update second_factors set wrong_codes = 1000 where wrong_codes > 0").await;
    let wait = enter(&server, ops.expose(), "123456").await.header("retry-after").parse::<i64>().unwrap();
    assert!(wait * 1000 <= hour + 1000 && wait * 1000 > hour - 5 * MINUTE, "at most an hour: {wait} s");
    server.execute("update second_factors set wrong_at = wrong_at - 3600000").await;
    let code = factor.code(clock::now_ms());
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(enter(&server, ops.expose(), &spaced).await.status, StatusCode::OK);
    assert_eq!(server.number("select max(wrong_codes) from second_factors").await, 0);
    assert_eq!(actions(&server).await.iter().filter(|action| *action == "code_wrong").count(), 7);
}

#[tokio::test]
async fn a_session_ends_with_time_its_key_and_its_second_factor() {
    let server = TestServer::start().await;
    let folder = server.data.path();
    let settings = [("DATABASE_URL", server.database.url()), ("DATA_DIR", folder.to_str().unwrap())];
    let keys = |arguments: &[&str]| {
        let output = blinkgate(folder, &settings).arg("keys").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    // The key's name, and the command that ends its session.
    let ends: [(&str, &[&str]); 3] =
        [("time", &[]), ("revoke", &["revoke", "revoke"]), ("remove", &["second-factor", "remove", "remove"])];
    for (name, command) in ends {
        let (ops, factor) = key_with_factor(&server, name).await;
        let opened = enter(&server, ops.expose(), &factor.code(clock::now_ms())).await.json();
        let token = opened["token"].as_str().unwrap();
        let lasts = clock::parse_rfc3339(opened["expires_at"].as_str().unwrap()).unwrap() - clock::now_ms();
        assert!((11 * 60 * MINUTE..=12 * 60 * MINUTE).contains(&lasts), "{lasts}");
        assert_eq!(get(&server, "/admin/me", token).await.status, StatusCode::OK);
        if command.is_empty() {
            server.execute("update admin_sessions set expires_at = expires_at - 43200000").await;
        } else {
            keys(command);
        }
        get(&server, "/admin/me", token).await.assert_problem(401, "admin_session_over");
    }
    // A guessed session counts like a wrong key.
    for _ in 0..20 {
        get(&server, "/admin/me", "bs_guess").await;
    }
    get(&server, "/admin/me", "bs_guess").await.assert_problem(429, "too_many_requests");
    assert_eq!(HashedToken::of("bs_guess").as_str().len(), 64);
}

#[tokio::test]
async fn the_program_adds_and_removes_second_factors() {
    let server = TestServer::start().await;
    let folder = server.data.path();
    let settings = [
        ("DATABASE_URL", server.database.url()),
        ("DATA_DIR", folder.to_str().unwrap()),
        ("APP_BASE_URL", "https://blink.example.com"),
    ];
    let ops = key(&server, "ops", &[Scope::Events]).await;
    let factors = FactorKey::new(&server::secrets::sites_key(&config(&settings)).unwrap());
    // Two wrong codes and a right one; the program prints the secret first.
    let mut child = blinkgate(folder, &settings)
        .args(["keys", "second-factor", "add", "ops"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap())).map(Result::unwrap);
    let mut drawn = 0;
    let uri = lines.by_ref().inspect(|_| drawn += 1).find(|line| line.starts_with("otpauth://")).unwrap();
    assert!(drawn > 15, "a QR code");
    assert!(uri.starts_with("otpauth://totp/Blinkgate%20blink.example.com:ops?secret="), "{uri}");
    let totp = totp_rs::Totp::from_url(&uri).unwrap();
    let code = totp.generate(u64::try_from(clock::now_ms() / 1000).unwrap()).to_string();
    let mut stdin = child.stdin.take().unwrap();
    write!(stdin, "12345\nhello\n{code}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    get(&server, "/admin/me", ops.expose()).await.assert_problem(403, "admin_code_required");
    let sealed = server.text("select sealed_secret from second_factors").await;
    assert!(factors.open(&ops.id, &sealed).is_ok());
    let secret = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    assert!(!sealed.contains(secret));
    enter(&server, ops.expose(), &code).await.assert_problem(403, "admin_code_wrong");
    let next = totp.generate(u64::try_from((clock::now_ms() + STEP) / 1000).unwrap()).to_string();
    let opened = enter(&server, ops.expose(), &next).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    let entries = server.audit().await;
    let added = entries.iter().find(|entry| entry["action"] == "second_factor_added").unwrap();
    assert!(added["actor"].as_str().unwrap().starts_with("the command line") && added["details"]["name"] == "ops");

    let run = |arguments: &[&str]| blinkgate(folder, &settings).arg("keys").args(arguments).output().unwrap();
    let listed: Value = serde_json::from_slice(&run(&["list"]).stdout).unwrap();
    assert_eq!(listed["second_factor"], true);
    let fails = |arguments: &[&str], expected: &str| {
        assert_fails(blinkgate(folder, &settings).args(["keys", "second-factor"]).args(arguments), &[expected]);
    };
    fails(&["add", "ops"], "has a second factor already");
    fails(&["add", "nobody"], "no such key");
    assert!(run(&["second-factor", "remove", "ops"]).status.success());
    assert_eq!(get(&server, "/admin/me", ops.expose()).await.status, StatusCode::OK);
    fails(&["remove", "ops"], "has no second factor");
    let silent = run(&["second-factor", "add", "ops"]);
    let said = String::from_utf8(silent.stderr).unwrap();
    assert!(silent.status.code() == Some(1) && said.contains("no code was entered"), "{said}");
    assert_eq!(server.number("select count(*) from second_factors").await, 0);
    assert!(run(&["add", "shop", "--scope", "checks:write"]).status.success());
    fails(&["add", "shop"], "a site's key");
    assert_eq!(actions(&server).await.iter().filter(|action| *action == "second_factor_removed").count(), 1);
}

fn config(settings: &[(&str, &str)]) -> server::config::Config {
    server::config::Config::from_pairs(settings.iter().copied()).unwrap()
}
