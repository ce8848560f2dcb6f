//! The shop's routes beside a Blinkgate that answers as test mode does: by what stands in front of the @.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::Request;
use axum::http::header::{COOKIE, LOCATION};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::*;
use crate::result::tests::{keys, token};
use crate::webhook::{Secret, tests as webhook};

/// What the fake was asked for: the checks, whose ids are their places.
type Asked = Arc<Mutex<Vec<Value>>>;

struct TestShop {
    router: Router,
    base: String,
    asked: Asked,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// What a browser sends back from now on.
    fn cookie(&self) -> String {
        self.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn location(&self) -> &str {
        self.headers[LOCATION].to_str().unwrap()
    }
}

async fn open() -> TestShop {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    tokio::spawn(axum::serve(listener, fake(base.clone(), asked.clone())).into_future());
    let settings = Settings {
        base: base.clone(),
        key: "bk_test_1_2".to_owned(),
        site: "shop".to_owned(),
        address: "https://shop.example".to_owned(),
        port: 443,
        tests: true,
        webhook: Secret::parse(webhook::SECRET),
    };
    TestShop { router: shop(settings).unwrap(), base, asked }
}

fn fake(base: String, asked: Asked) -> Router {
    let made = asked.clone();
    let make = async move |Json(wanted): Json<Value>| {
        let mut made = made.lock().unwrap();
        made.push(wanted);
        let id = format!("chk_{}", made.len() - 1);
        Json(json!({ "id": id, "url": format!("https://blink.example/c#{id}"), "client_token": "ct_1" }))
    };
    let result = async move |Path(id): Path<String>| {
        let wanted = &asked.lock().unwrap()[id[4..].parse::<usize>().unwrap()];
        let status = match wanted["email"].as_str().unwrap().split('@').next().unwrap() {
            "pass" => "verified",
            "fail" => "failed",
            "review" => "review",
            _ => return (StatusCode::CONFLICT, json!({ "code": "not_final" }).to_string()),
        };
        let claims = json!({
            "iss": base, "aud": "test:shop", "sub": id, "jti": random(), "iat": now_s(), "exp": now_s() + 600,
            "nonce": wanted["nonce"], "reference": wanted["reference"], "status": status, "mailbox": "proven_by_us",
            "method": "prompted", "test": true,
        });
        (StatusCode::OK, token(&claims))
    };
    Router::new()
        .route("/v1/checks", post(make))
        .route("/v1/checks/{id}/result", get(result))
        .route("/.well-known/jwks.json", get(async || Json(keys())))
}

impl TestShop {
    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send(Request::get(path).header(COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path).header(COOKIE, cookie);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(to_bytes(body, 100_000).await.unwrap().to_vec()).unwrap();
        assert!(parts.headers.contains_key(CONTENT_SECURITY_POLICY), "every answer has a policy");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Orders, and returns the cookie and where the person is sent back.
    async fn order(&self, name: &str) -> (String, String) {
        let answer = self.post("/order", "", &format!("email={name}%40test.blinkgate")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        (answer.cookie(), format!("/back?check=chk_0&status=verified&state={}", self.last("state")))
    }

    /// What the newest check was made with.
    fn last(&self, name: &str) -> String {
        self.asked.lock().unwrap().last().unwrap()[name].as_str().unwrap().to_owned()
    }

    async fn has_ordered(&self, cookie: &str) -> bool {
        self.get("/", cookie).await.body.contains("Your order is placed")
    }
}

#[tokio::test]
async fn who_comes_back_verified_has_ordered_and_nobody_else_has() {
    let shop = open().await;
    let order = shop.post("/order", "", "email=pass%40test.blinkgate").await;
    assert_eq!(order.location(), "https://blink.example/c#chk_0");
    let set = order.headers[SET_COOKIE].to_str().unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set}");
    assert_eq!((shop.last("gate"), shop.last("return_url")), ("link".into(), "https://shop.example/back".into()));
    assert!(!shop.has_ordered(&order.cookie()).await);

    let (stranger, _) = shop.order("slow").await;
    let state = shop.asked.lock().unwrap()[0]["state"].as_str().unwrap().to_owned();
    for (what, path, cookie) in [
        ("another state", "/back?check=chk_0&status=verified&state=x".to_owned(), order.cookie()),
        ("no state", "/back?check=chk_0&status=verified".to_owned(), order.cookie()),
        ("no cookie", format!("/back?state={state}"), String::new()),
        ("another's cookie", format!("/back?state={state}"), stranger.clone()),
        ("a cookie of nobody", format!("/back?state={state}"), "visit=x".to_owned()),
    ] {
        let answer = shop.get(&path, &cookie).await;
        assert_eq!((answer.status, answer.body.contains("not your order")), (StatusCode::FORBIDDEN, true), "{what}");
    }
    assert!(!shop.has_ordered(&order.cookie()).await);

    let back = shop.get(&format!("/back?state={state}"), &format!("a=b; {}", order.cookie())).await;
    assert_eq!((back.status, back.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(shop.has_ordered(&order.cookie()).await && !shop.has_ordered(&stranger).await);
}

#[tokio::test]
async fn who_is_not_verified_has_not_ordered() {
    let shop = open().await;
    for (name, why) in
        [("fail", "the check is failed"), ("review", "the check is review"), ("slow", "there is no result")]
    {
        let (cookie, back) = shop.order(name).await;
        let answer = shop.get(&back, &cookie).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
        assert!(answer.body.contains(&format!("Not verified: {why}")), "{name}: {}", answer.body);
        assert!(!shop.has_ordered(&cookie).await, "{name}");
    }
}

#[tokio::test]
async fn who_stays_sends_the_result_with_the_form() {
    let shop = open().await;
    let order = shop.post("/order", "", "email=pass%40test.blinkgate&way=here").await;
    assert!(order.body.contains(r#"<blink-check site="shop" token="ct_1""#), "{}", order.body);
    assert!(order.headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains(&format!("frame-src {}", shop.base)));
    assert_eq!(shop.last("gate"), "code");

    let fetched = reqwest::get(format!("{}/v1/checks/chk_0/result", shop.base)).await.unwrap();
    let form = format!("blink-token={}", fetched.text().await.unwrap());
    let (stranger, _) = shop.order("pass").await;
    for (what, cookie, form) in [
        ("no cookie", "", form.as_str()),
        ("another's result", &stranger, &form),
        ("no result", &order.cookie(), ""),
        ("something else", &order.cookie(), "blink-token=verified"),
    ] {
        assert_eq!(shop.post("/done", cookie, form).await.status, StatusCode::FORBIDDEN, "{what}");
    }
    for what in ["the person's own", "the same again"] {
        assert_eq!(shop.post("/done", &order.cookie(), &form).await.status, StatusCode::SEE_OTHER, "{what}");
    }
    assert!(shop.has_ordered(&order.cookie()).await && !shop.has_ordered(&stranger).await);
}

#[tokio::test]
async fn an_earlier_order_does_not_count_for_the_next() {
    let shop = open().await;
    let (cookie, back) = shop.order("pass").await;
    shop.get(&back, &cookie).await;
    assert!(shop.has_ordered(&cookie).await);
    let next = shop.post("/order", &cookie, "email=fail%40test.blinkgate").await;
    assert!(!shop.has_ordered(&next.cookie()).await && !shop.has_ordered(&cookie).await);
}

#[tokio::test]
async fn what_is_taken_back_or_erased_at_blinkgate_is_so_in_the_shop() {
    let shop = open().await;
    for (place, kind) in ["check.revoked", "check.redacted"].into_iter().enumerate() {
        let (cookie, back) = shop.order("pass").await;
        shop.get(&back, &cookie).await;
        let body = json!({ "type": kind, "data": { "check": format!("chk_{place}") } }).to_string();
        let send = async |headers: HeaderMap| {
            let mut request = Request::post("/hook").body(Body::from(body.clone())).unwrap();
            *request.headers_mut() = headers;
            shop.send(request).await.status
        };
        assert_eq!(send(HeaderMap::new()).await, StatusCode::UNAUTHORIZED);
        assert!(shop.has_ordered(&cookie).await, "{kind}: nobody else can say so");
        let genuine = webhook::headers(kind, now_s(), &body);
        assert_eq!(send(genuine.clone()).await, StatusCode::NO_CONTENT);
        assert!(!shop.has_ordered(&cookie).await, "{kind}");
        assert_eq!(send(genuine).await, StatusCode::NO_CONTENT, "a second time is taken, too");
    }
}
