//! Arguments that the page passes as JavaScript objects: the terms of a challenge and its cues. They are read field by
//! field, because a JSON parser would be a fifth of all the code that is downloaded.

use engine::Terms;
use engine::prompt::{Cue, Gesture, Policy};
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The terms of a challenge, as the server sent them. `Err` names the field that is missing or has the wrong type.
pub(crate) fn terms(object: &JsValue) -> Result<Terms, &'static str> {
    Ok(Terms {
        audience: text(object, "audience")?,
        challenge_id: text(object, "challenge_id")?,
        nonce: text(object, "nonce")?,
        attempt: number(object, "attempt")?,
        timeout_ms: number(object, "timeout_ms")?,
        thresholds: text(object, "thresholds")?,
        policy: Policy::from_name(&text(object, "policy")?).ok_or("policy")?,
        turn: flag(object, "turn")?,
        rate: number(object, "rate")?,
        consent: text(object, "consent")?,
    })
}

/// A cue, as the server revealed it.
pub(crate) fn cue(object: &JsValue) -> Result<Cue, &'static str> {
    Ok(Cue {
        round: number(object, "round")?,
        step: number(object, "step")?,
        gesture: Gesture::from_name(&text(object, "gesture")?).ok_or("gesture")?,
        delay_ms: number(object, "delay_ms")?,
        hold_ms: number(object, "hold_ms")?,
    })
}

fn text(object: &JsValue, name: &'static str) -> Result<String, &'static str> {
    Reflect::get(object, &name.into()).ok().and_then(|value| value.as_string()).ok_or(name)
}

fn flag(object: &JsValue, name: &'static str) -> Result<bool, &'static str> {
    Reflect::get(object, &name.into()).ok().and_then(|value| value.as_bool()).ok_or(name)
}

/// A whole number of 32 bits.
fn number(object: &JsValue, name: &'static str) -> Result<u32, &'static str> {
    let number = Reflect::get(object, &name.into()).ok().and_then(|value| value.as_f64()).ok_or(name)?;
    // The cast saturates and turns NaN into 0; then the comparison fails.
    let whole = number as u32;
    if f64::from(whole) == number { Ok(whole) } else { Err(name) }
}
