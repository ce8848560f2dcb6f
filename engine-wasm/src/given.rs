//! What the page gives as JavaScript objects: the terms of a challenge and its cues. Read field by field: a JSON parser would
//! be a fifth of everything that is downloaded as code.

use engine::Terms;
use engine::prompt::{Cue, Gesture, Policy};
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The terms of a challenge, as the server answered them. `Err` names the field that is missing or of another kind.
pub(crate) fn terms(given: &JsValue) -> Result<Terms, &'static str> {
    Ok(Terms {
        audience: text(given, "audience")?,
        challenge_id: text(given, "challenge_id")?,
        nonce: text(given, "nonce")?,
        attempt: number(given, "attempt")?,
        timeout_ms: number(given, "timeout_ms")?,
        thresholds: text(given, "thresholds")?,
        policy: Policy::from_name(&text(given, "policy")?).ok_or("policy")?,
        rate: number(given, "rate")?,
        consent: text(given, "consent")?,
    })
}

/// A cue, as the server revealed it.
pub(crate) fn cue(given: &JsValue) -> Result<Cue, &'static str> {
    Ok(Cue {
        round: number(given, "round")?,
        step: number(given, "step")?,
        gesture: Gesture::from_name(&text(given, "gesture")?).ok_or("gesture")?,
        delay_ms: number(given, "delay_ms")?,
        hold_ms: number(given, "hold_ms")?,
    })
}

fn text(given: &JsValue, name: &'static str) -> Result<String, &'static str> {
    Reflect::get(given, &name.into()).ok().and_then(|value| value.as_string()).ok_or(name)
}

/// A whole number that 32 bits hold.
fn number(given: &JsValue, name: &'static str) -> Result<u32, &'static str> {
    let number = Reflect::get(given, &name.into()).ok().and_then(|value| value.as_f64()).ok_or(name)?;
    // Saturates, and what is no number becomes 0: then it is not what was given.
    let whole = number as u32;
    if f64::from(whole) == number { Ok(whole) } else { Err(name) }
}
