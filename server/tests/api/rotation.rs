//! Rotation of the captures' master key while servers run, with every store.

use axum::http::StatusCode;
use serde_json::json;
use server::captures::{CaptureStore, StoreError};
use server::config::Config;
use server::sealing::SealingKey;
use server::tools::rotate_master_key;

use crate::captures::borrowed;
use crate::helpers::TestServer;
use crate::pixels::Person;
use crate::stores::Store;

#[tokio::test]
async fn a_master_key_is_rotated_while_servers_run_and_captures_do_not_change() {
    for store in [None, Some(Store::s3())] {
        let [first, second] = [SealingKey::generate().to_text(), SealingKey::generate().to_text()];
        let place = store.as_ref().map(Store::settings).unwrap_or_default();
        let with = |keys: &[(&'static str, String)]| [place.as_slice(), keys].concat();
        let master = |key: &str| ("CAPTURE_MASTER_KEY", key.to_owned());
        let old = ("CAPTURE_MASTER_KEY_OLD", first.to_string());

        let before = TestServer::with(&borrowed(&with(&[master(&first)]))).await;
        let person = Person::blinks(&before, "jo@example.com").await;
        assert_eq!(person.submit(&before, "k1").await.json()["status"], "VERIFIED");
        let event = before.events().await.remove(0);
        let folder = before.data.path().join("captures");
        let kept = || match &store {
            Some(store) => store.contents().into_iter().filter(|(name, _)| name.starts_with("captures/")).collect(),
            None => crate::program::files(&folder)
                .into_iter()
                .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
                .collect::<std::collections::BTreeMap<_, _>>(),
        };
        let as_it_was = kept();
        assert_eq!(as_it_was.len(), 3);

        let both = before.beside(&borrowed(&with(&[master(&second), old.clone()]))).await;
        assert_eq!(both.capture(&event, "open_capture_ref").await.bytes, person.evidence.open);
        let config = |keys: &[(&'static str, String)]| {
            let data = [("DATA_DIR", before.data.path().to_str().unwrap()), ("DATABASE_URL", before.database.url())];
            Config::from_pairs([borrowed(&with(keys)).as_slice(), &data].concat()).unwrap()
        };
        let why = rotate_master_key(&config(&[master(&second)]), None).await.unwrap_err().to_string();
        assert!(why.contains("CAPTURE_MASTER_KEY_OLD"), "{why}");
        let rotating = config(&[master(&second), old]);
        if let Some(store) = &store {
            store.set_up(false);
            assert!(rotate_master_key(&rotating, None).await.unwrap_err().to_string().contains("again"));
            store.set_up(true);
        }
        rotate_master_key(&rotating, Some("the operator")).await.unwrap();
        let entry = both.audit().await.remove(0);
        assert_eq!((&entry["action"], &entry["actor"]), (&json!("master_key_rotated"), &json!("the operator")));
        assert_eq!(entry["details"], json!({ "sealed_anew": 1, "were_sealed": 0, "unopenable": 0 }));
        assert_eq!(both.capture(&event, "closed_capture_ref").await.status, StatusCode::OK);

        let after = before.beside(&borrowed(&with(&[master(&second)]))).await;
        assert_eq!(after.capture(&event, "open_capture_ref").await.bytes, person.evidence.open);
        let late = CaptureStore::open(&config(&[master(&first)]).captures, before.data.path()).unwrap();
        assert!(matches!(late.check().await, Err(StoreError::OtherMasterKey)));
        assert_eq!(kept(), as_it_was);
    }
}
