//! `blinkgate doctor`, run as operators run it, with settings that are wrong in ten ways: each is reported by its part, with a
//! remedy.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs it in this folder with these settings only.
fn doctor(folder: &Path, settings: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_blinkgate"))
        .args(["doctor", "--json"])
        .current_dir(folder)
        .env_clear()
        // A free port, and networks that load fast.
        .envs([("PORT", "0"), ("ENGINE_RUNTIME", "compact")])
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

/// The parts that are not healthy, with their health.
fn ill(output: &Output) -> Vec<(String, String)> {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let ill: Vec<&Value> = findings.iter().filter(|finding| finding["health"] != "ok").collect();
    for finding in &ill {
        assert!(text(finding, "remedy").len() > 10, "{finding}");
    }
    ill.into_iter().map(|finding| (text(finding, "part"), text(finding, "health"))).collect()
}

#[test]
fn a_new_folder_without_settings_is_healthy_and_meant_for_development() {
    let folder = tempfile::tempdir().unwrap();
    let output = doctor(folder.path(), &[]);
    assert!(output.status.success());
    assert_eq!(ill(&output), [("base URL".to_owned(), "doubtful".to_owned())]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let workers = report["findings"].as_array().unwrap().iter().find(|finding| finding["part"] == "workers").unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(
            (&workers["health"], workers["seen"].as_str().unwrap().contains("privileges")),
            (&"ok".into(), true)
        );
    }
}

#[test]
fn every_broken_setting_is_found_by_its_part_and_no_secret_is_printed() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let database = format!("postgres://jo:hunter2@127.0.0.1:{gone}/blink");
    let bucket = format!("http://127.0.0.1:{gone}");
    let https = ("APP_BASE_URL", "https://blink.example.com");
    let smtp: &[(&str, &str)] = &[
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", &gone),
        ("MAIL_SECURITY", "none"),
        ("MAIL_USERNAME", "jo@example.com"),
        ("MAIL_PASSWORD", "hunter2"),
    ];
    let s3: &[(&str, &str)] = &[
        ("S3_BUCKET", "captures"),
        ("S3_ENDPOINT", &bucket),
        ("S3_ACCESS_KEY_ID", "jo"),
        ("S3_SECRET_ACCESS_KEY", "hunter2"),
    ];
    let cases: [(&str, Vec<(&str, &str)>); 12] = [
        ("settings", vec![("MAX_ATTEMPTS", "many")]),
        ("settings", vec![("DATABASE_URL", "mysql://jo:hunter2@localhost/blink")]),
        ("settings", vec![("ENV_FILE", "nowhere.env")]),
        ("data", vec![https, ("DATA_DIR", "/proc/blinkgate")]),
        ("database", vec![https, ("DATABASE_URL", &database)]),
        ("admin key", vec![https, ("DATA_DIR", "open")]),
        ("base URL", vec![("APP_BASE_URL", "http://blink.example.com")]),
        ("base URL", smtp.to_vec()),
        ("cookie", vec![("SESSION_COOKIE_SECURE", "true")]),
        ("mail", [&[https][..], smtp].concat()),
        ("captures", [&[https][..], s3].concat()),
        ("models", vec![https, ("MODELS_DIR", "nowhere")]),
    ];
    for (part, settings) in cases {
        let folder = tempfile::tempdir().unwrap();
        if part == "admin key" {
            open_admin_key(folder.path());
        }
        let output = doctor(folder.path(), &settings);
        assert!(!output.status.success(), "{part}: {settings:?}");
        let ill = ill(&output);
        assert!(ill.contains(&(part.to_owned(), "wrong".to_owned())), "{settings:?}: {ill:?}");
        let said = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&said).contains("hunter2"), "{part}: a secret was printed");
    }
}

#[test]
fn a_database_that_was_used_with_another_key_for_sites_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let key = |number: u8| number.to_string().repeat(64);
    let rotated = Command::new(env!("CARGO_BIN_EXE_blinkgate"))
        .args(["signing-keys", "rotate"])
        .current_dir(folder.path())
        .env_clear()
        .env("SITES_KEY", key(1))
        .output()
        .unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    for (number, expected) in [(1, vec![]), (2, vec![("key for sites".to_owned(), "wrong".to_owned())])] {
        let mut ill = ill(&doctor(folder.path(), &[("SITES_KEY", &key(number))]));
        ill.retain(|(part, _)| part != "base URL");
        assert_eq!(ill, expected);
    }
}

/// A key that everybody on the machine can read.
fn open_admin_key(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let keys = folder.join("open/keys");
    std::fs::create_dir_all(&keys).unwrap();
    std::fs::write(keys.join("admin.key"), "bk_0123456789abcdef\n").unwrap();
    std::fs::set_permissions(keys.join("admin.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
}
