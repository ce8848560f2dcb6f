//! Names of captures: made only by the server, and the same in every store.

use crate::clock;
use crate::domain::EventId;

/// The names of an event's pictures: `captures/2026/<event>-open.jpg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRefs {
    /// The capture with open eyes.
    pub open: String,
    /// The capture with closed eyes.
    pub closed: String,
    /// The evidence strip.
    pub strip: String,
}

impl CaptureRefs {
    /// The references of an event. Every claim has a new event id, so no two claims write the same file.
    pub fn new(event: &EventId, now_ms: i64) -> Self {
        let year = clock::year(now_ms);
        let [open, closed, strip] = PARTS.map(|part| format!("{FOLDER}/{year}/{event}-{part}.jpg"));
        Self { open, closed, strip }
    }

    /// All of them: open, closed, strip.
    pub fn each(&self) -> [&str; 3] {
        [&self.open, &self.closed, &self.strip]
    }
}

/// The folder of captures in every store.
pub(super) const FOLDER: &str = "captures";
const PARTS: [&str; 3] = ["open", "closed", "strip"];

/// The event of the capture with this name. `None` if it is not a capture's name.
pub fn event_of(reference: &str) -> Option<EventId> {
    let (year, file) = reference.strip_prefix(FOLDER)?.strip_prefix('/')?.split_once('/')?;
    let (event, part) = file.strip_suffix(".jpg")?.split_once('-')?;
    let event = EventId::from_client(event);
    let is_year = !year.is_empty() && year.bytes().all(|b| b.is_ascii_digit());
    (is_year && PARTS.contains(&part) && event.made_at().is_some()).then_some(event)
}

/// As [`event_of`], but also for the temporary file of an interrupted write.
pub(super) fn event_of_any(name: &str) -> Option<EventId> {
    let (folder, file) = name.rsplit_once('/')?;
    let Some(part) = file.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part")) else { return event_of(name) };
    let (stem, _) = part.split_once(".jpg")?;
    event_of(&format!("{folder}/{stem}.jpg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_event_and_other_names_are_no_references() {
        let event = EventId::new(1_798_761_599_999);
        let refs = CaptureRefs::new(&event, 1_798_761_599_999);
        assert_eq!(refs.open, format!("captures/2026/{event}-open.jpg"));
        for reference in refs.each() {
            assert_eq!(event_of(reference), Some(event.clone()));
            assert_eq!(event_of_any(reference), Some(event.clone()));
            let (folder, file) = reference.rsplit_once('/').unwrap();
            for rest in [format!("{folder}/.{file}.part"), format!("{folder}/.{file}.0a1b.part")] {
                assert_eq!((event_of(&rest), event_of_any(&rest)), (None, Some(event.clone())), "{rest}");
            }
        }
        let id = "0123456789abcdef0123456789abcdef";
        for other in [
            "",
            "captures",
            "keys/master",
            &format!("captures/2026/{id}.jpg"),
            &format!("captures/2026/{id}-open.png"),
            &format!("captures/2026/{id}-else.jpg"),
            &format!("captures/../{id}-open.jpg"),
            &format!("captures//{id}-open.jpg"),
            &format!("captures/2026/../{id}-open.jpg"),
            &format!("/captures/2026/{id}-open.jpg"),
            "captures/2026/0123-open.jpg",
        ] {
            assert_eq!(event_of(other), None, "{other}");
        }
    }
}
