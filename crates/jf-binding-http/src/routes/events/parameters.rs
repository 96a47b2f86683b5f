//! What a reader of events asks for (HTTP-101).

use jf_core::{Caller, Cursor, EngineError, Epoch, EventFilter, Head, Replaying, SubscribeOptions};

use crate::routes::query::check_once;

/// The header by which browsers resume.
const LAST_EVENT_ID: &str = "last-event-id";

/// Reads the query and `Last-Event-ID`, which wins over `after`.
///
/// # Errors
/// InvalidInput for a parameter that is unknown, given twice or, cursors excepted, unreadable.
pub(super) fn read(caller: &Caller) -> Result<SubscribeOptions, EngineError> {
    let mut options = SubscribeOptions::default();
    let parameters = caller.query();
    check_once(parameters, |_| false)?;
    for (name, value) in parameters {
        match name.as_str() {
            "after" => options.replay = Replaying::After(cursor(value)),
            "events" => options.filter = filter(value)?,
            "conflate" => {
                options.conflate = value
                    .parse()
                    .map_err(|_| EngineError::invalid_input("the parameter conflate takes true or false"))?;
            }
            _ => {
                return Err(EngineError::invalid_input("the parameters are after, events and conflate"));
            }
        }
    }
    if let Some(last) = caller.headers().get(LAST_EVENT_ID) {
        // What we gave as an id has an epoch; a bare number is none of ours.
        let head = last.to_str().ok().and_then(|text| text.parse::<Head>().ok());
        options.replay = Replaying::After(head.map_or_else(unreadable, Cursor::from));
    }
    Ok(options)
}

/// `after`: `<epoch>.<seq>`, or `<seq>` of the current epoch.
fn cursor(text: &str) -> Cursor {
    if let Ok(head) = text.parse::<Head>() {
        return head.into();
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(after) if digits => Cursor { epoch: None, after },
        _ => unreadable(),
    }
}

/// A place in no log there is: a refusal would stop browsers for good, so the reader gets a gap and a snapshot.
fn unreadable() -> Cursor {
    Cursor { epoch: Epoch::parse("-").ok(), after: u64::MAX }
}

fn filter(text: &str) -> Result<EventFilter, EngineError> {
    let mut filter = EventFilter { status: false, outcome: false };
    for kind in text.split(',') {
        let wanted = match kind {
            "status" => &mut filter.status,
            "outcome" => &mut filter.outcome,
            _ => {
                return Err(EngineError::invalid_input(
                    "the parameter events takes status, outcome or both with a comma between",
                ));
            }
        };
        if std::mem::replace(wanted, true) {
            return Err(EngineError::invalid_input("the parameter events names a kind more than once"));
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::{cursor, filter, read};
    use http::{HeaderMap, HeaderValue, Method};
    use jf_core::{Caller, EventFilter, Replaying};

    #[test]
    fn http_101_last_event_id_is_an_id_of_ours_or_of_another_log() {
        let resumed = |id: &'static str| {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("last-event-id"),
                HeaderValue::from_static(id),
            )]);
            let caller = Caller::request("http", Method::GET, "/").headers(headers);
            let caller = caller.query(vec![("after".to_owned(), "e2.9".to_owned())]).build();
            let Replaying::After(cursor) = read(&caller).unwrap().replay else { panic!("it resumes") };
            (cursor.epoch.unwrap().to_string(), cursor.after)
        };
        assert_eq!(resumed("e1.7"), ("e1".to_owned(), 7), "it wins over `after`");
        for id in ["7", "0", "", "e1", "e1.07", "x"] {
            assert_eq!(resumed(id), ("-".to_owned(), u64::MAX), "{id}");
        }
    }

    #[test]
    fn http_101_cursors_that_cannot_be_read_belong_to_another_log() {
        let shown = |text: &str| {
            let cursor = cursor(text);
            (cursor.epoch.map(|epoch| epoch.to_string()), cursor.after)
        };
        assert_eq!(shown("e1.7"), (Some("e1".to_owned()), 7));
        assert_eq!(shown("0"), (None, 0));
        for text in ["", "x", "e1.", ".7", "+7", "-1", "e1.x", "99999999999999999999"] {
            assert_eq!(shown(text), (Some("-".to_owned()), u64::MAX), "{text}");
        }
    }

    #[test]
    fn http_101_kinds_are_listed_once_each() {
        let kinds = |status, outcome| EventFilter { status, outcome };
        assert_eq!(filter("status").unwrap(), kinds(true, false));
        assert_eq!(filter("outcome,status").unwrap(), kinds(true, true));
        for text in ["", "status,", "status,status", "gap", "Status", "status, outcome"] {
            assert!(filter(text).is_err(), "{text}");
        }
    }
}
