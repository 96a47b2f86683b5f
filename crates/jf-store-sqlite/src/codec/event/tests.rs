use std::sync::Arc;

use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{
    ActiveStep, JourneyId, JourneyOutcome, JourneyStatus, Link, LogDocument, OutcomeError, Phase, StepType,
};
use jf_store::RunIndex;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Map, json};

use super::{OUTCOME, STATUS, WHOLE_OUTCOME, WHOLE_STATUS, decode, encode};

fn run() -> JourneyId {
    JourneyId::parse("r1").unwrap()
}

fn index() -> RunIndex {
    let name = DefinitionName::parse("order").unwrap();
    let identity = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    let mut index = RunIndex::new(identity, Timestamp::UNIX_EPOCH, Phase::Running);
    index.tags = ["kyc".to_owned()].into();
    index.attributes = [("tenantId", "t"), ("orderId", "o")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .into_iter()
        .collect();
    index
}

fn status() -> JourneyStatus {
    let at = Timestamp::from_millisecond(1_767_225_600_123).unwrap();
    let name = DefinitionName::parse("order").unwrap();
    let mut status = JourneyStatus::new(run(), name, Phase::Running, StateId::parse("wait").unwrap(), at);
    let mut step = ActiveStep::new(StateId::parse("wait").unwrap(), StepType::Webhook);
    step.address = Some("both~left~wait".to_owned());
    step.due_at = Some(at);
    status.active_steps = vec![step, ActiveStep::new(StateId::parse("other").unwrap(), StepType::Wait)];
    status.tags = vec!["kyc".to_owned()];
    status.attributes = [("tenantId".to_owned(), "t".to_owned())].into();
    status
}

fn comes_back(document: LogDocument) -> Vec<u8> {
    let bytes = encode(&run(), &index(), &document).unwrap();
    assert_eq!(decode(&run(), &index(), &bytes).unwrap(), document);
    bytes
}

#[test]
fn eng_106_a_status_is_kept_without_what_the_run_says() {
    let bytes = comes_back(LogDocument::Status(Arc::new(status())));
    assert_eq!(bytes[0], STATUS);
    let whole = serde_json::to_vec(&status()).unwrap();
    assert!(bytes.len() * 3 < whole.len(), "{} of {}", bytes.len(), whole.len());
}

#[test]
fn eng_106_a_status_that_does_not_agree_with_its_run_is_kept_whole() {
    let changes: [fn(&mut JourneyStatus); 5] = [
        |status| status.journey_id = JourneyId::parse("r2").unwrap(),
        |status| status.tags.clear(),
        |status| drop(status.attributes.insert("orderId".to_owned(), "x".to_owned())),
        |status| status.links = Some([("self", Link::get("/x"))].into_iter().collect()),
        |status| drop(status.projection.insert("more".to_owned(), json!(1))),
    ];
    for change in changes {
        let mut other = status();
        change(&mut other);
        assert_eq!(comes_back(LogDocument::Status(Arc::new(other)))[0], WHOLE_STATUS);
    }
}

#[test]
fn eng_106_an_outcome_comes_back() {
    let name = DefinitionName::parse("order").unwrap();
    let deep = (0..500).fold(json!(0.1), |value, _| json!([value]));
    let mut outcome = JourneyOutcome::new(run(), name, Phase::Failed, "REJECTED", deep);
    outcome.tags = vec!["kyc".to_owned()];
    outcome.attributes = (*index().attributes).clone();
    let mut error = OutcomeError::new("urn:x", "because", Some(json!({ "type": "urn:x" })));
    error.envelope.insert("own".to_owned(), json!(true));
    outcome.error = Some(error);
    outcome.outcome_id = Some("rejected".to_owned());
    outcome.projection.insert("code".to_owned(), json!(7));
    comes_back(LogDocument::Outcome(Arc::new(outcome.clone())));
    outcome.tags.clear();
    outcome.output = json!(null);
    comes_back(LogDocument::Outcome(Arc::new(outcome)));
}

/// Names that `serde_json` may take for something of its own when it reads a value.
#[test]
fn eng_106_members_may_have_any_name() {
    let odd =
        || json!([{ "$serde_json::private::RawValue": "no JSON" }, { "$serde_json::private::Number": "1" }]);
    let members =
        || Map::from_iter([("own".to_owned(), odd()), ("more".to_owned(), json!({ "deep": odd() }))]);
    let mut status = status();
    status.projection = members();
    assert_eq!(comes_back(LogDocument::Status(Arc::new(status)))[0], WHOLE_STATUS);

    let name = DefinitionName::parse("order").unwrap();
    let mut outcome = JourneyOutcome::new(run(), name, Phase::Failed, "REJECTED", odd());
    outcome.tags = vec!["kyc".to_owned()];
    let mut error = OutcomeError::new("urn:x", "because", Some(json!({ "type": "urn:x", "told": odd() })));
    error.envelope = members();
    outcome.error = Some(error);
    outcome.projection = members();
    assert_eq!(comes_back(LogDocument::Outcome(Arc::new(outcome.clone())))[0], OUTCOME);
    outcome.tags.clear();
    assert_eq!(comes_back(LogDocument::Outcome(Arc::new(outcome)))[0], WHOLE_OUTCOME);
}

proptest! {
    /// Whatever is in the file, reading it ends.
    #[test]
    fn damaged_events_are_corrupt_and_no_panic(tag in 0_u8..6, bytes in vec(any::<u8>(), 0..80)) {
        let bytes = [vec![tag], bytes].concat();
        if let Ok(document) = decode(&run(), &index(), &bytes) {
            let again = encode(&run(), &index(), &document).unwrap();
            prop_assert_eq!(decode(&run(), &index(), &again).unwrap(), document);
        }
    }
}
