//! What a site can do with its key, and what happens to its checks.

mod checks;
mod codes;
mod embed;
mod flow;
mod idempotency;
mod isolation;
mod redaction;
mod results;
mod webhooks;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use server::clock;
use server::db::LockScope;
use server::db::admin_keys::{self, AdminKey};
use server::db::sites::{self, Site as Row};
use server::domain::{PlainAdminKey, Scope, Scopes, SiteId};

use crate::helpers::{Answer, TestServer, cookie_of, own_post};

pub const BACK: &str = "https://shop.example/back";

/// A site with a key that has every scope.
pub struct Site<'s> {
    pub server: &'s TestServer,
    pub id: SiteId,
    pub key: String,
}

impl<'s> Site<'s> {
    /// A new site that lists [`BACK`].
    pub async fn new(server: &'s TestServer, id: &str) -> Self {
        let row = Row {
            id: SiteId::parse(id).unwrap(),
            name: format!("The {id}"),
            logo: None,
            accent: None,
            origins: json!(["https://shop.example"]).to_string(),
            return_urls: json!([BACK]).to_string(),
            private_hosts: "[]".to_owned(),
            locale: None,
            policy: None,
            created_at: clock::now_ms(),
            updated_at: clock::now_ms(),
        };
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        assert!(sites::insert(&mut tx, &row).await.unwrap());
        tx.commit().await.unwrap();
        Self::with_key(server, row.id, false, &every_scope()).await
    }

    /// The site that is there from the start.
    pub async fn front_door(server: &'s TestServer) -> Self {
        Self::with_key(server, SiteId::of_front_door(), false, &every_scope()).await
    }

    pub async fn with_key(server: &'s TestServer, id: SiteId, test: bool, scopes: &[Scope]) -> Self {
        let now = clock::now_ms();
        let plain = if test { PlainAdminKey::generate_for_tests(now) } else { PlainAdminKey::generate(now) };
        let key = AdminKey {
            id: plain.id.clone(),
            name: plain.id.to_string(),
            secret_hash: plain.hash(),
            scopes: scopes.iter().copied().collect::<Scopes>().names(),
            site_id: Some(id.clone()),
            test: test.into(),
            created_at: now,
            expires_at: None,
            last_used_at: None,
            exposed_at: None,
            revoked_at: None,
        };
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        assert!(admin_keys::insert(&mut tx, &key).await.unwrap());
        tx.commit().await.unwrap();
        Self { server, id, key: plain.expose().to_owned() }
    }

    /// The same site with a key for tests.
    pub async fn in_test_mode(&self) -> Site<'s> {
        Site::with_key(self.server, self.id.clone(), true, &every_scope()).await
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>, more: &[(&'static str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.server.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body), &[]).await
    }

    pub async fn act(&self, check: &Value, action: &str) -> Answer {
        self.ask(Method::POST, &format!("/v1/checks/{}/{action}", id(check)), None, &[]).await
    }

    #[track_caller]
    pub fn made(&self, answer: &Answer) -> Value {
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    pub async fn check(&self, body: Value) -> Value {
        let answer = self.post("/v1/checks", &body).await;
        self.made(&answer)
    }

    /// A check whose mailbox the site vouches for, and the cookie of its session.
    pub async fn opened(&self, email: &str) -> (Value, String) {
        let check = self.check(json!({ "email": email, "gate": "site", "return_url": BACK, "state": "s1" })).await;
        let answer = open(self.server, &check).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        (check, cookie_of(&answer))
    }

    pub async fn now(&self, check: &Value) -> Value {
        let answer = self.get(&format!("/v1/checks/{}", id(check))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The types of the events about the check, in order.
    pub async fn told(&self, check: &Value) -> Vec<String> {
        let id = id(check).strip_prefix("chk_").unwrap().to_owned();
        let rows: Vec<(String, String)> = self
            .server
            .app
            .db
            .read()
            .await
            .unwrap()
            .query("select type, data from site_events where check_id = $1 order by id")
            .bind(id)
            .fetch_all()
            .await
            .unwrap();
        for (_, data) in &rows {
            assert!(!data.contains('@'), "events name nobody: {data}");
        }
        rows.into_iter().map(|(kind, _)| kind).collect()
    }
}

pub fn every_scope() -> Vec<Scope> {
    Scope::ALL.into_iter().filter(|scope| scope.is_of_sites()).collect()
}

pub fn id(check: &Value) -> &str {
    check["id"].as_str().unwrap()
}

/// Opens the check as its page does.
pub async fn open(server: &TestServer, check: &Value) -> Answer {
    open_with(server, check, None).await
}

/// As [`open`], with a code.
pub async fn open_with(server: &TestServer, check: &Value, code: Option<&str>) -> Answer {
    let token = check["client_token"].as_str().unwrap();
    let request = own_post("/api/check/open", None).header(header::AUTHORIZATION, format!("Bearer {token}"));
    server.send(request.body(Body::from(json!({ "code": code }).to_string())).unwrap()).await
}

/// The check's result, as its page takes it.
pub async fn result_as_person(server: &TestServer, check: &Value) -> Answer {
    let bearer = format!("Bearer {}", check["client_token"].as_str().unwrap());
    let request = Request::get("/api/check/result").header(header::AUTHORIZATION, bearer);
    server.send(request.body(Body::empty()).unwrap()).await
}

/// The check as its page shows it.
pub async fn as_person(server: &TestServer, token: &str) -> Answer {
    let request = Request::get("/api/check").header(header::AUTHORIZATION, format!("Bearer {token}"));
    server.send(request.body(Body::empty()).unwrap()).await
}
