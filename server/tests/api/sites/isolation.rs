use serde_json::json;
use server::routes::{Access, routes};

use super::{Site, id};
use crate::helpers::TestServer;

#[tokio::test]
async fn a_sites_key_sees_and_changes_nothing_of_another_site() {
    let server = TestServer::start().await;
    let (shop, bank) = (Site::new(&server, "shop").await, Site::new(&server, "bank").await);
    let check = shop.check(json!({ "email": "jo@example.com", "gate": "site", "reference": "r1" })).await;
    let body = json!({ "url": "https://shop.example/hook" });
    let hook = shop.made(&shop.post("/v1/webhooks", &body).await);
    let event = format!("evt_{}", server.text("select id from site_events").await);
    let before = server.contents().await;
    let mut asked = 0;
    for route in routes() {
        let Access::Site(_) = route.access else { continue };
        if !route.path.contains("{id}") {
            continue;
        }
        let of = |unknown: bool| match (route.path.split('/').nth(2).unwrap(), unknown) {
            ("checks", false) => id(&check).to_owned(),
            ("webhooks", false) => id(&hook).to_owned(),
            ("events", false) => event.clone(),
            ("checks", true) => format!("chk_{}", "0".repeat(32)),
            ("webhooks", true) => format!("whe_{}", "0".repeat(32)),
            ("events", true) => format!("evt_{}", "0".repeat(32)),
            (other, _) => panic!("{other} is new: say here what belongs to a site"),
        };
        let path = route.path.replace("{id}", &of(false));
        let answer = bank.ask(route.method.clone(), &path, None, &[]).await;
        assert_eq!(answer.status, 404, "{} {}: {}", route.method, route.path, answer.text);
        let nothing = bank.ask(route.method.clone(), &route.path.replace("{id}", &of(true)), None, &[]).await;
        let without_id = |text: &str| text.split("request_id").next().unwrap().to_owned();
        assert_eq!(without_id(&answer.text), without_id(&nothing.text), "it looks as if there were none");
        asked += 1;
    }
    assert!(asked >= 11, "{asked}");
    for query in ["", "?reference=r1", "?status=waiting", &format!("?after={}", "chk_ffffffffffffffffffffffffffffffff")]
    {
        assert_eq!(bank.get(&format!("/v1/checks{query}")).await.json()["data"], json!([]), "{query}");
    }
    for path in ["/v1/webhooks", "/v1/events"] {
        assert_eq!(bank.get(path).await.json()["data"], json!([]), "{path}");
    }
    let after = server.contents().await;
    assert_eq!(before["endpoints"], after["endpoints"]);
    assert_eq!(before["deliveries"], after["deliveries"]);
    assert_eq!(before["checks"], after["checks"]);
    assert_eq!(before["site_events"], after["site_events"]);
    assert_eq!(shop.now(&check).await["status"], "waiting");
}
