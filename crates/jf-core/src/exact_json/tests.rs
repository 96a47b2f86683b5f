//! ENG-101, ENG-106: what is stored is read back, whatever its members are called.

use std::sync::Arc;

use proptest::prelude::*;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{from_slice, from_str, read};

/// The names that `serde_json` itself gives a meaning to.
const RAW: &str = "$serde_json::private::RawValue";
const NUMBER: &str = "$serde_json::private::Number";

/// Objects that a plain [`Value`] refuses, or takes for something else.
fn odd() -> [Value; 6] {
    [
        json!({ RAW: "no JSON" }),
        json!({ RAW: "[1]", "more": true }),
        json!({ RAW: { RAW: 1 } }),
        json!({ NUMBER: "12" }),
        json!({ NUMBER: null }),
        json!([[{ "deep": [{ RAW: "1" }, { NUMBER: "1" }] }]]),
    ]
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    #[serde(deserialize_with = "read")]
    value: Value,
    #[serde(deserialize_with = "read")]
    shared: Arc<Value>,
    #[serde(deserialize_with = "read")]
    nullable: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read")]
    absent: Option<Arc<Value>>,
    #[serde(deserialize_with = "read")]
    good: Result<Value, String>,
    #[serde(deserialize_with = "read")]
    bad: Result<Value, String>,
    #[serde(deserialize_with = "read")]
    members: Map<String, Value>,
    #[serde(flatten, deserialize_with = "read")]
    more: Map<String, Value>,
}

fn stored(odd: &Value) -> Stored {
    let members = || Map::from_iter([(RAW.to_owned(), odd.clone()), ("b".to_owned(), odd.clone())]);
    Stored {
        value: odd.clone(),
        shared: Arc::new(odd.clone()),
        nullable: Some(odd.clone()),
        absent: Some(Arc::new(odd.clone())),
        good: Ok(odd.clone()),
        bad: Err("no".to_owned()),
        members: members(),
        more: members(),
    }
}

/// The other tests show nothing unless the feature is on here.
#[test]
fn a_plain_value_would_not_do() {
    assert!(serde_json::from_str::<Value>(&json!({ RAW: "no JSON" }).to_string()).is_err());
    assert_eq!(serde_json::from_str::<Value>(&json!({ RAW: "[1]" }).to_string()).unwrap(), json!([1]));
}

#[test]
fn eng_101_every_kind_of_member_comes_back() {
    for odd in odd() {
        let stored = stored(&odd);
        let text = serde_json::to_string(&stored).unwrap();
        assert_eq!(serde_json::from_str::<Stored>(&text).unwrap(), stored, "{text}");
        // From a tree as well, which is read in another way.
        let tree = serde_json::to_value(&stored).unwrap();
        assert_eq!(Stored::deserialize(tree).unwrap(), stored, "{text}");
    }
}

#[test]
fn eng_101_what_is_null_or_absent_comes_back() {
    let mut stored = stored(&Value::Null);
    // One member cannot tell `Some(null)` from `None`.
    (stored.nullable, stored.absent) = (None, None);
    let text = serde_json::to_string(&stored).unwrap();
    assert!(text.contains("\"nullable\":null") && !text.contains("absent"), "{text}");
    assert_eq!(serde_json::from_str::<Stored>(&text).unwrap(), stored);
    let without = text.replace("\"value\":null,", "");
    assert!(serde_json::from_str::<Stored>(&without).is_err(), "it must be there");
}

#[test]
fn http_012_whole_texts_are_read_exactly() {
    for odd in odd() {
        let text = odd.to_string();
        assert_eq!(from_str::<Value>(&text).unwrap(), odd);
        assert_eq!(from_slice::<Value>(text.as_bytes()).unwrap(), odd);
    }
    assert_eq!(from_str::<Map<String, Value>>(r#"{"a":1,"a":2}"#).unwrap()["a"], 2, "the last counts");
    assert!(from_str::<Map<String, Value>>("[]").is_err());
    for wrong in ["", "{", "1 2", "{\"a\":}", "[1e999]", "\"\\ud800\""] {
        assert!(
            from_str::<Value>(wrong).is_err() && from_slice::<Value>(wrong.as_bytes()).is_err(),
            "{wrong}"
        );
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|n| Value::from(f64::from(n) / 64.0)),
        ".{0,6}".prop_map(Value::from),
    ];
    let name = || prop_oneof![Just(RAW.to_owned()), Just(NUMBER.to_owned()), ".{0,4}"];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn eng_101_every_value_comes_back(value in value()) {
        let text = value.to_string();
        prop_assert_eq!(&from_str::<Value>(&text).unwrap(), &value);
        prop_assert_eq!(&from_slice::<Value>(text.as_bytes()).unwrap(), &value);
        let stored = stored(&value);
        let read = serde_json::from_str::<Stored>(&serde_json::to_string(&stored).unwrap());
        // One member cannot tell `Some(null)` from `None`.
        if !value.is_null() {
            prop_assert_eq!(read.unwrap(), stored);
        }
    }
}

/// What formats give that tell absence apart from `null`.
struct Maybe(Option<u64>);

impl<'de> Deserializer<'de> for Maybe {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            None => visitor.visit_none(),
            Some(number) => visitor.visit_some(number.into_deserializer()),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn eng_101_what_may_be_absent_is_a_value() {
    assert_eq!(read::<_, Value>(Maybe(None)).unwrap(), Value::Null);
    assert_eq!(read::<_, Value>(Maybe(Some(7))).unwrap(), json!(7));
}
