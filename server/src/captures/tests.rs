use super::*;
use crate::sealing::SealingKey;

fn store(data: &Path) -> CaptureStore {
    store_with(data, None, None)
}

fn store_with(data: &Path, master_key: Option<&SealingKey>, old: Option<&SealingKey>) -> CaptureStore {
    let [master_key, old_master_key] = [master_key, old].map(Option::<&SealingKey>::cloned);
    CaptureStore::open(&CaptureConfig { store: BlobStoreConfig::Files, master_key, old_master_key }, data).unwrap()
}

fn refs() -> CaptureRefs {
    CaptureRefs::new(&EventId::new(1_798_761_599_999), 1_798_761_599_999)
}

const PICTURES: [&[u8]; 3] = [b"open", b"closed", b"strip"];

#[tokio::test]
async fn captures_are_kept_under_their_references_and_removed_again() {
    let data = tempfile::tempdir().unwrap();
    let (store, refs, jo) = (store(data.path()), refs(), UserId::new(1));
    store.check().await.unwrap();
    store.store(&jo, &refs, PICTURES).await.unwrap();
    for (reference, picture) in refs.each().into_iter().zip(PICTURES) {
        assert_eq!(store.read(reference).await.unwrap(), Found::Picture(picture.to_vec()));
        let kept = std::fs::read(data.path().join(reference)).unwrap();
        assert!(!kept.windows(4).any(|window| window == &picture[..4]), "it is sealed");
    }
    assert_eq!(store.list().await.unwrap().len(), 3);
    store.remove(&refs.each()).await.unwrap();
    store.remove(&refs.each()).await.unwrap();
    assert_eq!(store.read(&refs.open).await.unwrap(), Found::Nothing);
    assert_eq!(std::fs::read_dir(data.path().join("captures/2026")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_failure_leaves_no_picture() {
    let data = tempfile::tempdir().unwrap();
    let (store, refs) = (store(data.path()), refs());
    std::fs::create_dir_all(data.path().join(&refs.closed)).unwrap();
    let error = store.store(&UserId::new(1), &refs, PICTURES).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    assert!(!data.path().join(&refs.open).exists() && !data.path().join(&refs.strip).exists());
}

#[tokio::test]
async fn swapped_files_do_not_open() {
    let data = tempfile::tempdir().unwrap();
    let (store, jo) = (store(data.path()), UserId::new(1));
    let (first, second) = (refs(), refs());
    store.store(&jo, &first, PICTURES).await.unwrap();
    store.store(&jo, &second, PICTURES).await.unwrap();
    std::fs::copy(data.path().join(&second.open), data.path().join(&first.open)).unwrap();
    assert!(matches!(store.read(&first.open).await, Err(StoreError::Damaged(_))));
    std::fs::write(data.path().join(&first.closed), b"\xff\xd8 a plain picture").unwrap();
    assert!(matches!(store.read(&first.closed).await, Err(StoreError::Damaged(_))));
    assert!(store.read(&second.open).await.is_ok());
}

#[tokio::test]
async fn another_master_key_is_noticed_at_the_start() {
    let data = tempfile::tempdir().unwrap();
    store(data.path()).check().await.unwrap();
    store(data.path()).check().await.unwrap();
    std::fs::remove_file(data.path().join("keys/capture-master.key")).unwrap();
    let error = store(data.path()).check().await.unwrap_err();
    assert!(matches!(error, StoreError::OtherMasterKey) && !error.is_passing());
}

#[tokio::test]
async fn replacing_a_master_key_continues_after_an_interruption() {
    let data = tempfile::tempdir().unwrap();
    let [first, second] = [SealingKey::generate(), SealingKey::generate()];
    let (jo, ann, erased) = (UserId::new(1), UserId::new(1), UserId::new(1));
    let (of_jo, of_ann) = (refs(), refs());
    let before = store_with(data.path(), Some(&first), None);
    before.store(&jo, &of_jo, PICTURES).await.unwrap();
    before.store(&erased, &refs(), PICTURES).await.unwrap();
    before.erase_key(&erased).await.unwrap();
    // As if interrupted: one key is sealed with the new master key, one with the old.
    let both = store_with(data.path(), Some(&second), Some(&first));
    both.store(&ann, &of_ann, PICTURES).await.unwrap();
    let kept = std::fs::read(data.path().join(&of_jo.open)).unwrap();
    for done in
        [Rotated { sealed_anew: 1, were_sealed: 1, unopenable: 0 }, Rotated { were_sealed: 2, ..Rotated::default() }]
    {
        for of in [&of_jo, &of_ann] {
            assert_eq!(both.read(&of.open).await.unwrap(), Found::Picture(b"open".to_vec()));
        }
        assert_eq!(both.rotate().await.unwrap(), done);
    }
    assert_eq!(std::fs::read(data.path().join(&of_jo.open)).unwrap(), kept, "captures do not change");
    assert_eq!(both.erased().await.unwrap(), std::slice::from_ref(&erased));
    assert!(!data.path().join(format!("keys/users/{erased}")).exists());
    let after = store_with(data.path(), Some(&second), None);
    for of in [&of_jo, &of_ann] {
        assert_eq!(after.read(&of.strip).await.unwrap(), Found::Picture(b"strip".to_vec()));
    }
    after.check().await.unwrap();
    let with_old = store_with(data.path(), Some(&first), None);
    assert!(matches!(with_old.check().await, Err(StoreError::OtherMasterKey)));
    assert!(with_old.read(&of_jo.open).await.is_err(), "the old master key opens nothing");
}

#[tokio::test]
async fn a_key_that_neither_master_key_opens_is_counted_and_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let [first, second] = [SealingKey::generate(), SealingKey::generate()];
    let jo = UserId::new(1);
    store_with(data.path(), Some(&first), None).store(&jo, &refs(), PICTURES).await.unwrap();
    let path = data.path().join(format!("keys/users/{jo}"));
    std::fs::write(&path, b"damaged").unwrap();
    let rotated = store_with(data.path(), Some(&second), Some(&first)).rotate().await.unwrap();
    assert_eq!(rotated, Rotated { unopenable: 1, ..Rotated::default() });
    assert_eq!(std::fs::read(&path).unwrap(), b"damaged");
}

#[tokio::test]
async fn concurrent_requests_create_a_key_only_once() {
    let data = tempfile::tempdir().unwrap();
    let (store, jo) = (store(data.path()), UserId::new(1));
    let attempts: Vec<_> = (0..16)
        .map(|_| {
            let (store, jo, refs) = (store.clone(), jo.clone(), refs());
            tokio::spawn(async move { store.store(&jo, &refs, PICTURES).await.map(|()| refs) })
        })
        .collect();
    for attempt in attempts {
        let refs = attempt.await.unwrap().unwrap();
        assert_eq!(store.read(&refs.strip).await.unwrap(), Found::Picture(b"strip".to_vec()));
    }
}

#[tokio::test]
async fn captures_of_an_erased_key_no_longer_open_and_others_do() {
    let data = tempfile::tempdir().unwrap();
    let (store, jo, ann) = (store(data.path()), UserId::new(1), UserId::new(1));
    let (of_jo, of_ann) = (refs(), refs());
    store.store(&jo, &of_jo, PICTURES).await.unwrap();
    store.store(&ann, &of_ann, PICTURES).await.unwrap();
    store.erase_key(&jo).await.unwrap();
    assert_eq!(store.read(&of_jo.open).await.unwrap(), Found::Erased);
    assert_eq!(store.read(&of_ann.open).await.unwrap(), Found::Picture(b"open".to_vec()));
    assert_eq!(store.erased().await.unwrap(), [jo]);
}
