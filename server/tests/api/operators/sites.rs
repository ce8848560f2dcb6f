//! Sites, their checks and deliveries, as operators see them.

use serde_json::{Value, json};

use crate::helpers::{ADMIN_KEY, TestServer};
use crate::operators;
use crate::sites::Site;

async fn ids(server: &TestServer, query: &str) -> Vec<Value> {
    let answer = server.admin(&format!("/admin/checks{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["checks"].as_array().unwrap().iter().map(|check| check["id"].clone()).collect()
}

#[tokio::test]
async fn operators_see_the_checks_of_a_site_in_both_modes_page_by_page() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let own = shop.check(json!({ "email": "jo@example.com", "reference": "=1+1", "gate": "site" })).await;
    let test = shop.in_test_mode().await.check(json!({ "email": "pass@test.blinkgate" })).await;
    bank.check(json!({ "email": "jo@example.com" })).await;
    let expected = [test["id"].clone(), own["id"].clone()];
    assert_eq!(ids(&server, "?site=shop").await, expected);
    assert_eq!(ids(&server, "?site=shop&status=verified").await, expected[..1]);
    assert_eq!(ids(&server, "?site=nobody").await, [Value::Null; 0]);
    assert_eq!(ids(&server, "").await, [Value::Null; 0], "the register page has none yet");

    let first = server.admin("/admin/checks?site=shop&limit=1").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(ids(&server, &format!("?site=shop&limit=1&cursor={cursor}")).await, expected[1..]);
    let check = &server.admin("/admin/checks?site=shop").await.json()["checks"][1];
    for (name, value) in [
        ("email", json!("jo@example.com")),
        ("mailbox", json!("vouched_by_site")),
        ("status", json!("waiting")),
        ("test", json!(false)),
        ("attempts", json!(0)),
    ] {
        assert_eq!(check[name], value, "{name}");
    }
    let table = server.admin("/admin/checks.csv?site=shop").await;
    assert!(table.header("content-disposition").contains("checks.csv"));
    let lines: Vec<&str> = table.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", table.text);
    assert!(lines[2].contains(",'=1+1,"), "no field starts like a formula: {}", lines[2]);
}

#[tokio::test]
async fn operators_see_sites_and_whether_their_webhooks_arrive() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    let added = shop.post("/v1/webhooks", &json!({ "url": "https://shop.example/hook" })).await.json();
    shop.check(json!({ "email": "jo@example.com", "gate": "site" })).await;
    let answer = server.admin("/admin/sites").await;
    assert!(!answer.text.contains(added["secret"].as_str().unwrap()));
    let sites = answer.json()["sites"].as_array().unwrap().clone();
    let names: Vec<&Value> = sites.iter().map(|site| &site["id"]).collect();
    assert_eq!(names, ["default", "shop"]);
    let hook = &sites[1]["webhooks"][0];
    assert_eq!((&hook["id"], &hook["url"]), (&added["id"], &added["url"]));
    assert_eq!((&hook["deliveries"][0]["state"], &hook["deliveries"][0]["tries"]), (&json!("waiting"), &json!(0)));
}

#[tokio::test]
async fn a_key_of_a_site_opens_neither() {
    let server = TestServer::start().await;
    let shop = Site::new(&server, "shop").await;
    for path in ["/admin/checks", "/admin/checks.csv", "/admin/sites"] {
        assert_eq!(operators::get(&server, path, &shop.key).await.status, 403, "{path}");
        assert_eq!(operators::get(&server, path, ADMIN_KEY).await.status, 200, "{path}");
    }
}
