//! Every route of the server, in one table: who may use it, its rate limits, its body size. The service is built from
//! the table, so no route lacks them. Also the middleware that every request passes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, patch, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::audience::Audience;
use super::error::{self, ApiError};
use super::{
    admin, assets, challenge, client, client_check, cue, embed, give_up, guard, handoff, health, register, request,
    session, submission, v1, verify, well_known,
};
use crate::app::App;
use crate::domain::Scope;
use crate::rate::Limit;

/// Most bytes of a JSON body; the largest of ours has some hundred.
const JSON: usize = 8 * 1024;
/// Most bytes of a JSON body with a note, each of whose characters may be escaped with twelve bytes.
const NOTE: usize = 16 * 1024;
/// Most bytes of a chunk of a submission.
const CHUNK: usize = 16 * 1024;

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// The rate limits; empty only if a response costs nothing but its bytes.
    pub limits: &'static [Limit],
    /// Most bytes of a body; 0 if none is read.
    pub max_body: usize,
    handler: MethodRouter<App>,
}

/// Who may use a route. The handlers' extractors check links and sessions, and a test checks that every route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Anybody,
    /// With a mailed link.
    Link,
    /// With a session.
    Session,
    /// With the token of a code for a phone, or the ticket for which it was exchanged.
    Handoff,
    /// With the client token of a check.
    Client,
    /// With an admin key that has this scope, if any. Middleware checks it.
    Admin(Option<Scope>),
    /// With a site's key that has this scope. Middleware checks it.
    Site(Scope),
}

/// Every route.
pub fn routes() -> Vec<Route> {
    vec![
        // Pages.
        public("/", get(assets::register_page)),
        public("/check-mail", get(assets::check_mail_page)),
        public("/camera", get(assets::camera_page)),
        public("/result", get(assets::result_page)),
        public("/register", get(assets::to_register_page)),
        public("/verify", get(assets::verify_page)),
        public("/c", get(assets::check_page)),
        public("/p", get(assets::phone_page)),
        // Files of the pages.
        public("/assets/{*path}", get(assets::by_content)),
        public("/pkg/{*path}", get(assets::by_content)),
        public("/models/{*path}", get(assets::by_content)),
        public("/sw.js", get(assets::service_worker)),
        public("/api/openapi.json", get(assets::api_description)),
        // What pages of sites load.
        public("/embed/v1/{file}", get(embed::element)),
        public("/embed/frame/{site}", get(embed::check_page)),
        public("/embed/frame/{site}/camera", get(embed::camera_page)),
        // The flow.
        Route {
            method: Method::POST,
            path: "/register",
            access: Access::Anybody,
            limits: &[Limit::Register],
            max_body: JSON,
            handler: post(register::register),
        },
        Route {
            method: Method::POST,
            path: "/verify",
            access: Access::Link,
            limits: &[Limit::BadToken, Limit::Redeem],
            max_body: JSON,
            handler: post(verify::redeem),
        },
        session(Method::GET, "/api/session", &[Limit::Session], 0, get(session::show)),
        session(Method::GET, "/api/session/outcome", &[Limit::Session], 0, get(session::outcome)),
        session(Method::POST, "/api/session/extend", &[Limit::Session], 0, post(session::extend)),
        session(
            Method::POST,
            "/api/challenge",
            &[Limit::Challenge, Limit::ChallengeClient],
            JSON,
            post(challenge::issue),
        ),
        session(Method::POST, "/api/cue/{challenge}", &[Limit::Cue], JSON, post(cue::next)),
        session(Method::GET, "/api/submission/{challenge}", &[Limit::Chunk], 0, get(submission::received)),
        session(Method::PATCH, "/api/submission/{challenge}", &[Limit::Chunk], CHUNK, patch(submission::append)),
        session(Method::POST, "/api/submission/{challenge}", &[Limit::Submission], JSON, post(submission::submit)),
        session(Method::POST, "/api/give-up", &[Limit::GiveUp], JSON, post(give_up::give_up)),
        session(Method::GET, "/api/handoff", &[Limit::Session], 0, get(handoff::show)),
        session(Method::POST, "/api/handoff", &[Limit::Handoff], JSON, post(handoff::make)),
        session(Method::POST, "/api/handoff/mail", &[Limit::Handoff], 0, post(handoff::mail)),
        session(Method::POST, "/api/handoff/take-back", &[Limit::Handoff], JSON, post(handoff::take_back)),
        phone("/api/handoff/open", post(handoff::open)),
        phone("/api/handoff/answer", post(handoff::answer)),
        Route {
            method: Method::GET,
            path: "/api/check",
            access: Access::Client,
            limits: &[Limit::BadToken],
            max_body: 0,
            handler: get(client_check::show),
        },
        Route {
            method: Method::POST,
            path: "/api/check/open",
            access: Access::Client,
            limits: &[Limit::BadToken, Limit::Redeem],
            max_body: JSON,
            handler: post(client_check::open),
        },
        Route {
            method: Method::GET,
            path: "/api/check/result",
            access: Access::Client,
            limits: &[Limit::BadToken, Limit::Redeem],
            max_body: 0,
            handler: get(client_check::result),
        },
        // Operators.
        public("/health", get(health::health)),
        public("/ready", get(health::ready)),
        admin("/metrics", Some(Scope::Metrics), get(health::metrics)),
        public("/admin", get(assets::admin_page)),
        admin("/admin/me", None, get(admin::me)),
        Route { method: Method::POST, max_body: JSON, ..admin(admin::SIGN_IN, None, post(admin::sign_in)) },
        Route { method: Method::DELETE, ..admin(admin::SIGN_IN, None, delete(admin::sign_out)) },
        admin("/admin/events", Some(Scope::Events), get(admin::events)),
        admin("/admin/events.csv", Some(Scope::Events), get(admin::events_csv)),
        admin("/admin/events/{id}", Some(Scope::Events), get(admin::event)),
        admin("/admin/captures/{*path}", Some(Scope::Captures), get(admin::capture)),
        admin("/admin/events/{id}/bundle", Some(Scope::Captures), get(admin::bundle)),
        admin("/admin/checks", Some(Scope::Events), get(admin::checks)),
        admin("/admin/checks.csv", Some(Scope::Events), get(admin::checks_csv)),
        admin("/admin/sites", Some(Scope::Events), get(admin::sites)),
        admin_post("/admin/events/{id}/review", Scope::Review, NOTE, post(admin::review)),
        admin_post("/admin/erase", Scope::Erase, JSON, post(admin::erase)),
        admin("/admin/audit", Some(Scope::Audit), get(admin::entries)),
        admin("/admin/audit.csv", Some(Scope::Audit), get(admin::entries_csv)),
        admin("/admin/audit/checkpoint", Some(Scope::Audit), get(admin::checkpoint)),
        // Sites.
        public("/.well-known/jwks.json", get(well_known::jwks)),
        public("/.well-known/blinkgate", get(well_known::about)),
        Route {
            method: Method::POST,
            path: "/v1/siteverify",
            access: Access::Anybody,
            limits: &[Limit::BadAdminKey],
            max_body: JSON,
            handler: post(v1::siteverify),
        },
        site_creates("/v1/checks", Scope::ChecksWrite, NOTE, post(v1::create)),
        site("/v1/checks", Scope::ChecksRead, get(v1::list)),
        site("/v1/checks/{id}", Scope::ChecksRead, get(v1::read)),
        site("/v1/checks/{id}/result", Scope::ChecksRead, get(v1::result)),
        site_post("/v1/checks/{id}/mail", Scope::ChecksWrite, 0, post(v1::mail)),
        site_post("/v1/checks/{id}/token", Scope::ChecksWrite, 0, post(v1::token)),
        site_post("/v1/checks/{id}/cancel", Scope::ChecksWrite, 0, post(v1::cancel)),
        site_post("/v1/checks/{id}/redact", Scope::ChecksErase, 0, post(v1::redact)),
        site("/v1/events", Scope::EventsRead, get(v1::events::list)),
        site_post("/v1/events/{id}/deliver", Scope::Webhooks, 0, post(v1::events::deliver)),
        site("/v1/webhooks", Scope::Webhooks, get(v1::webhooks::list)),
        site_creates("/v1/webhooks", Scope::Webhooks, JSON, post(v1::webhooks::add)),
        site("/v1/webhooks/{id}", Scope::Webhooks, get(v1::webhooks::read)),
        Route { method: Method::DELETE, ..site("/v1/webhooks/{id}", Scope::Webhooks, delete(v1::webhooks::remove)) },
        site_post("/v1/webhooks/{id}/rotate", Scope::Webhooks, 0, post(v1::webhooks::rotate)),
        site_post("/v1/webhooks/{id}/test", Scope::Webhooks, 0, post(v1::webhooks::test)),
    ]
}

/// Whether a route is for this audience. Files of the pages, `/health` and `/ready` are for all.
fn is_for(route: &Route, audience: Audience) -> bool {
    let is_operators = matches!(route.access, Access::Admin(_)) || route.path == "/admin";
    let is_shared = ["/assets/", "/health", "/ready", "/api/openapi.json"];
    match audience {
        Audience::Everybody => true,
        Audience::People => !is_operators,
        Audience::Operators => is_operators || is_shared.iter().any(|start| route.path.starts_with(start)),
    }
}

/// Builds the whole HTTP service. Tests call it with `oneshot`.
pub fn router(app: App) -> Router {
    router_for(app, Audience::Everybody)
}

/// Builds the HTTP service with the routes for this audience.
pub fn router_for(app: App, audience: Audience) -> Router {
    let routes = routes().into_iter().filter(|route| is_for(route, audience));
    let table = routes.fold(Router::new(), |table, route| {
        let handler = route.handler.route_layer(DefaultBodyLimit::max(route.max_body));
        let handler = match route.access {
            Access::Admin(scope) => handler.route_layer(from_fn_with_state((app.clone(), scope), admin::admit)),
            Access::Site(scope) => {
                let handler = match route.method == Method::POST {
                    false => handler,
                    true => handler.route_layer(from_fn_with_state((app.clone(), route.max_body), v1::replay)),
                };
                handler.route_layer(from_fn_with_state((app.clone(), scope), v1::admit))
            }
            Access::Anybody | Access::Link | Access::Session | Access::Handoff | Access::Client => handler,
        };
        let handler = handler.route_layer(from_fn_with_state((app.clone(), audience), guard::check_origin));
        table.route(route.path, handler)
    });
    table
        .fallback(assets::not_found)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        // A request passes the last layer first.
        .layer(from_fn_with_state(app.clone(), client::find))
        .layer(CatchPanicLayer::custom(error::from_panic))
        .layer(from_fn_with_state(app.clone(), guard::add_security_headers))
        .layer(from_fn(request::trace))
        .with_state(app)
}

/// A route that serves bytes from memory, the same to everybody.
fn public(path: &'static str, handler: MethodRouter<App>) -> Route {
    Route { method: Method::GET, path, access: Access::Anybody, limits: &[], max_body: 0, handler }
}

fn session(
    method: Method,
    path: &'static str,
    limits: &'static [Limit],
    max_body: usize,
    handler: MethodRouter<App>,
) -> Route {
    Route { method, path, access: Access::Session, limits, max_body, handler }
}

fn phone(path: &'static str, handler: MethodRouter<App>) -> Route {
    let limits = &[Limit::BadToken, Limit::Redeem];
    Route { method: Method::POST, path, access: Access::Handoff, limits, max_body: JSON, handler }
}

fn admin(path: &'static str, scope: Option<Scope>, handler: MethodRouter<App>) -> Route {
    Route {
        method: Method::GET,
        path,
        access: Access::Admin(scope),
        limits: &[Limit::BadAdminKey],
        max_body: 0,
        handler,
    }
}

fn admin_post(path: &'static str, scope: Scope, max_body: usize, handler: MethodRouter<App>) -> Route {
    Route { method: Method::POST, max_body, ..admin(path, Some(scope), handler) }
}

fn site(path: &'static str, scope: Scope, handler: MethodRouter<App>) -> Route {
    Route { access: Access::Site(scope), ..admin(path, None, handler) }
}

fn site_post(path: &'static str, scope: Scope, max_body: usize, handler: MethodRouter<App>) -> Route {
    site_creates(path, scope, max_body, handler.route_layer(from_fn(v1::record_first)))
}

/// A route whose handler records a request with an `Idempotency-Key` itself, along with what it did.
fn site_creates(path: &'static str, scope: Scope, max_body: usize, handler: MethodRouter<App>) -> Route {
    Route { method: Method::POST, max_body, ..site(path, scope, handler) }
}
