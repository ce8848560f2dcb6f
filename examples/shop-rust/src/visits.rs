//! What the shop remembers of each order, by a cookie of the browser that made it. In memory: a restart forgets it all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::random::random;

/// One order, and what its check was bound to.
#[derive(Clone)]
pub(crate) struct Visit {
    /// The check's id.
    pub(crate) check: String,
    /// Comes back in the result. Known to nobody but Blinkgate and the shop.
    pub(crate) nonce: String,
    /// Comes back with the person.
    pub(crate) state: String,
    /// The shop's name for the person; in a real shop, the account.
    pub(crate) reference: String,
    pub(crate) verified: bool,
}

/// All visits.
#[derive(Default)]
pub(crate) struct Visits(Mutex<HashMap<String, Visit>>);

impl Visits {
    /// The visit of the browser that sent these headers, and its id.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<(String, Visit)> {
        let id = id_in(headers)?;
        Some((id.to_owned(), self.lock().get(id)?.clone()))
    }

    /// Begins a visit in the place of the one that the browser had, and returns its id. A new one for each order, so that
    /// nothing of an earlier order counts for this one.
    pub(crate) fn begin(&self, headers: &HeaderMap, visit: Visit) -> String {
        let id = random();
        let mut visits = self.lock();
        if let Some(before) = id_in(headers) {
            visits.remove(before);
        }
        visits.insert(id.clone(), visit);
        id
    }

    pub(crate) fn verify(&self, id: &str) {
        if let Some(visit) = self.lock().get_mut(id) {
            visit.verified = true;
        }
    }

    /// Takes back that the check was verified.
    pub(crate) fn revoke(&self, check: &str) {
        for visit in self.lock().values_mut().filter(|visit| visit.check == check) {
            visit.verified = false;
        }
    }

    /// Forgets whose check it was.
    pub(crate) fn forget(&self, check: &str) {
        self.lock().retain(|_, visit| visit.check != check);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Visit>> {
        self.0.lock().expect("nobody panics while holding the lock")
    }
}

/// The value of `Set-Cookie`. No script can read it. `Lax` sends it along when Blinkgate sends the person back, but not with
/// other sites' forms.
pub(crate) fn cookie(id: &str, is_https: bool) -> String {
    format!("visit={id}; Path=/; HttpOnly; SameSite=Lax{}", if is_https { "; Secure" } else { "" })
}

fn id_in(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|cookie| cookie.trim().strip_prefix("visit="))
}
