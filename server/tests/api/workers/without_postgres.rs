//! The pool of workers alone, without a server.

use super::*;

#[tokio::test]
async fn sr_26_a_spinning_decoder_is_killed_and_the_next_submission_is_decided() {
    let stage = Stage::new(hasty());
    stage.will(&["spin", "spin"]);
    let Decision { verdict, record, .. } = stage.decide().await.unwrap();
    assert_eq!(verdict, Verdict::Rejected(Reason::CaptureDamaged), "twice is the input's fault");
    assert_eq!((record.models.as_str(), record.thresholds.as_str(), record.open.is_none()), ("models", "v8", true));
    stage.assert_all_was_done();
    assert_eq!(stage.decide().await.unwrap().verdict, NO_BLINK, "its permit was returned");
    stage.will(&["spin"]);
    assert_eq!(stage.decide().await.unwrap().verdict, NO_BLINK, "spinning once proves nothing; the second try decides");
    stage.assert_all_was_done();
}

#[tokio::test]
async fn sr_26_a_worker_that_fails_is_replaced_and_says_nothing_about_the_person() {
    let stage = Stage::new(hasty());
    let survived: [&[&str]; 6] = [&["crash"], &["leave"], &["eat"], &["babble"], &["boast"], &["last", ""]];
    for acts in survived {
        stage.will(acts);
        for _ in acts {
            assert_eq!(stage.decide().await.unwrap().verdict, NO_BLINK, "{acts:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        stage.assert_all_was_done();
    }
    let lost: [(&[&str], &str); 8] = [
        (&["crash", "crash"], "signal"),
        (&["eat", "eat"], "signal"),
        (&["leave", "leave"], "exit status: 0"),
        (&["babble", "babble"], "a message cannot be read"),
        (&["boast", "boast"], "a message is too long"),
        (&["crash", "spin"], "CPU time"),
        (&["fail"], "a network failed"),
        (&["panic"], "panicked at server/examples/bad_worker.rs"),
    ];
    for (acts, expected) in lost {
        stage.will(acts);
        match stage.decide().await {
            Err(ScoringError(why)) => assert!(why.contains(expected) && !why.contains("secret"), "{why}"),
            other => panic!("{acts:?}: {other:?}"),
        }
        stage.assert_all_was_done();
        assert_eq!(stage.decide().await.unwrap().verdict, NO_BLINK, "after {acts:?}");
    }
}

#[tokio::test]
async fn sr_26_a_worker_that_waits_for_ever_is_killed_without_a_second_try() {
    let stage = Stage::new(WorkerLimits { wall: Duration::from_secs(1), ..hasty() });
    stage.will(&["hang", "spin"]);
    match stage.decide().await {
        Err(ScoringError(why)) => assert!(why.contains("it timed out"), "{why}"),
        other => panic!("{other:?}"),
    }
    stage.will(&[]);
    assert_eq!(stage.decide().await.unwrap().verdict, NO_BLINK);
}

#[tokio::test]
async fn a_worker_that_cannot_start_stops_the_start() {
    let cases = [
        (Program { path: "/nowhere/blinkgate".into(), ..this_program() }, "cannot start a scoring worker"),
        (Program { path: "/bin/true".into(), ..this_program() }, "did not start"),
        (Program { path: "/bin/echo".into(), ..this_program() }, "did not start"),
        (
            Program { limits: WorkerLimits { address_space: 20 << 20, ..WorkerLimits::USUAL }, ..this_program() },
            "did not start",
        ),
    ];
    for (program, expected) in cases {
        let error = ScoringPool::start(program, Capacity { workers: 1, waiting: 1 })
            .await
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn sr_39_under_overload_nobody_waits_for_a_worker() {
    let stage = Stage::new(hasty());
    stage.will(&["slow"; 5]);
    let others = stage.fill();
    // Reject until there is room.
    while stage.pool.free_permits() == 0 {
        stage.pool.reject();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(stage.pool.is_overloaded());
    assert_eq!(stage.pool.free_permits(), 1, "five were admitted at once");
    let permit = stage.pool.try_admit();
    assert!(permit.is_some() && stage.pool.try_admit().is_none(), "of two that see a free worker, one gets it");
    assert!(stage.pool.try_admit_urgent().is_some(), "urgent submissions may still wait");
    drop(permit);
    for decided in join_all(others).await {
        assert_eq!(decided.unwrap().unwrap().verdict, NO_BLINK);
    }
}
