//! Every route of the server, in one place, and what each request passes on its way.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::error::{self, ApiError};
use super::{
    admin, assets, challenge, client, cue, give_up, guard, health, register, request, session, submission, verify,
};
use crate::app::App;

/// Most bytes of any body. A submission comes in chunks of at most this size.
const MAX_BODY: usize = 16 * 1024;

/// Builds the whole HTTP service. Tests call it with `oneshot`.
pub fn router(app: App) -> Router {
    Router::new()
        // Pages.
        .route("/", get(assets::register_page))
        .route("/check-mail", get(assets::check_mail_page))
        .route("/camera", get(assets::camera_page))
        .route("/result", get(assets::result_page))
        // The flow.
        .route("/register", get(assets::to_register_page).post(register::register))
        .route("/verify", get(assets::verify_page).post(verify::redeem))
        .route("/api/session", get(session::show))
        .route("/api/challenge", post(challenge::issue))
        .route("/api/cue/{challenge}", post(cue::next))
        .route(
            "/api/submission/{challenge}",
            get(submission::received).patch(submission::append).post(submission::submit),
        )
        .route("/api/give-up", post(give_up::give_up))
        // What the pages are made of.
        .route("/assets/{*path}", get(assets::by_content))
        .route("/pkg/{*path}", get(assets::by_content))
        .route("/models/{*path}", get(assets::by_content))
        .route("/sw.js", get(assets::service_worker))
        // Operators.
        .route("/health", get(health::health))
        .route("/admin/events", get(admin::events))
        .route("/admin/events.csv", get(admin::events_csv))
        .fallback(assets::not_found)
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        // The last layer is the first that a request meets.
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(app.clone(), guard::check_origin))
        .layer(from_fn_with_state(app.clone(), client::find))
        .layer(CatchPanicLayer::custom(error::from_panic))
        .layer(from_fn_with_state(app.clone(), guard::add_security_headers))
        .layer(from_fn(request::trace))
        .with_state(app)
}
