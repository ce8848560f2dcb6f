use super::*;
use crate::budget::TRANSCRIPT_MAX_BYTES;

pub(crate) fn sample() -> Transcript {
    let capture = |t| CaptureRecord { t, sha256: "h".repeat(43), bytes: 40_000, ear: [3001, 2999] };
    Transcript {
        v: VERSION,
        aud: "https://check.example".into(),
        chal: "c".into(),
        nonce: "n".into(),
        att: 1,
        policy: Policy::Prompted,
        consent: "c".repeat(43),
        key: KeyKind::WebCrypto,
        engine: EngineVersions { ver: "1.2.3".into(), models: "m".into(), thresholds: "v8".into() },
        cam: Camera { w: 640, h: 480, rate: 300 },
        // Real frames never vary this much from one to the next.
        frames: (0..MAX_FRAMES as u32)
            .map(|i| (i, (i * 7919 % 1000) as i32))
            .map(|(i, noise)| {
                FrameRecord(
                    60_000 + i * 66 + i % 40,
                    noise * 10,
                    9999 - noise * 9,
                    noise - 500,
                    450 - noise,
                    i as u8 % 12,
                )
            })
            .collect(),
        rounds: (0..12)
            .map(|i| RoundRecord { received: i * 5000, frames: 40 * i, outcome: Outcome::Early, pictures: None })
            .collect(),
        blink: Blink { start_ms: 60_100, closed_ms: 60_200, end_ms: 60_400 },
        cap: Captures { open: capture(60_000), closed: capture(60_200) },
        strip: StripRecord { sha256: "s".repeat(43), bytes: 40_000 },
    }
}

#[test]
fn a_full_transcript_stays_within_its_size_limit() {
    let payload = serde_json::to_vec(&sample()).unwrap();
    let signed = sign(&signing_input(&payload, &[7; 32]), &[1; 32]);
    assert!(signed.len() <= TRANSCRIPT_MAX_BYTES, "{} bytes", signed.len());
}

#[test]
fn only_the_exact_shape_is_a_transcript() {
    let text = serde_json::to_string(&sample()).unwrap();
    assert_eq!(Transcript::parse(text.as_bytes()), Ok(sample()));
    let cases = [
        (text.replace("\"v\":5", "\"v\":4"), Reason::TranscriptVersion),
        (text.replace("\"att\":1", "\"att\":1,\"att\":2"), Reason::TranscriptMalformed),
        (text.replace("\"att\":1", "\"att\":1,\"extra\":2"), Reason::TranscriptMalformed),
        (text.replace("\"att\":1,", ""), Reason::TranscriptMalformed),
        (text.replace("\"att\":1", "\"att\":1.0"), Reason::TranscriptMalformed),
        (text.replace("60100", "-1"), Reason::TranscriptMalformed),
        (text.replace("webcrypto", "stolen"), Reason::TranscriptMalformed),
        (text.replace("\"frames\":\"", "\"frames\":\"A"), Reason::TranscriptMalformed),
        (text.replace(&pack(&sample().frames), &pack(&[])), Reason::TranscriptMalformed),
        (text.replace(&format!("\"{}\"", pack(&sample().frames)), "[[0,0,0,0,0,0]]"), Reason::TranscriptMalformed),
        (format!("{text} {{}}"), Reason::TranscriptMalformed),
        ("{}".into(), Reason::TranscriptMalformed),
        (String::new(), Reason::TranscriptMalformed),
    ];
    for (text, expected) in cases {
        assert_eq!(Transcript::parse(text.as_bytes()), Err(expected), "{}", &text[..text.len().min(120)]);
    }
    let endless = Transcript { frames: vec![FrameRecord(0, 0, 0, 0, 0, 0); MAX_FRAMES + 1], ..sample() };
    assert!(Transcript::parse(&serde_json::to_vec(&endless).unwrap()).is_err());
}

#[test]
fn no_damaged_payload_panics() {
    let payload = serde_json::to_vec(&sample()).unwrap();
    for at in 0..payload.len() {
        for change in [1, 0x20, 0x80] {
            let mut damaged = payload.clone();
            damaged[at] ^= change;
            let _ = Transcript::parse(&damaged);
        }
        assert!(Transcript::parse(&payload[..at]).is_err(), "cut to {at}");
    }
}
