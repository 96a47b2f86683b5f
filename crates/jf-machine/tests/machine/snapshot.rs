use jf_machine::{Run, SnapshotError};
use serde_json::json;

use crate::support::{World, journey};

fn stored() -> Vec<u8> {
    World::start(journey("start: w\nstates:\n  w: { type: wait, wait: { input: { schema: {} } }, next: e }\n  e: { type: succeed }\n"), json!({}))
        .run
        .to_snapshot()
}

/// ENG-101: a run is read back by any version that knows its form.
#[test]
fn eng_101_a_snapshot_begins_with_its_format() {
    let bytes = stored();
    assert_eq!(bytes[0], 1);
    assert!(Run::from_snapshot(&bytes).is_ok());
}

#[test]
fn eng_101_a_snapshot_of_a_later_version_is_refused_with_a_clear_error() {
    let mut bytes = stored();
    bytes[0] = 2;
    let error = Run::from_snapshot(&bytes).unwrap_err();
    assert!(matches!(error, SnapshotError::Newer { found: 2, known: 1 }));
    let message = "it was stored in format 2 by a later version; this one reads formats up to 1";
    assert_eq!(error.to_string(), message);
}

#[test]
fn eng_101_other_bytes_are_no_snapshot() {
    let bytes = stored();
    for wrong in
        [&[][..], &[0], &[1], b"{}", &bytes[1..], &bytes[..bytes.len() - 1], &[&bytes[..], b" x"].concat()]
    {
        assert!(matches!(Run::from_snapshot(wrong), Err(SnapshotError::Malformed(_))), "{wrong:?}");
    }
}
