//! `kafkaPublish:v1` (04 §10).

use std::sync::Arc;

use super::optional;
use crate::capabilities::SiteClass;
use crate::decode::{Decoder, Place, Special};
use crate::model::ordered::OrderedMap;
use crate::model::task::{KafkaKey, KafkaPublish, Scalar};
use crate::rules::{shape, tasks as rules};

const RULE: &str = "TSK-080";

impl Decoder<'_> {
    pub(super) fn kafka_publish(&mut self, block: &Place<'_>) -> Option<KafkaPublish> {
        let members =
            ["topic", "value", "key", "headers", "keySchemaRef", "valueSchemaRef", "connectionSecretRef"];
        self.task_members(block, &members, "DEF-007", |name| {
            let of_calls = matches!(name, "resultVar" | "errorMapping" | "resiliencePolicyRef");
            of_calls.then(|| {
                let fault = shape::does_not_fit(format!("`{name}` does not go with `kafkaPublish:v1`"));
                Special::Each(
                    fault.rule(RULE).help("publishing has no result: it succeeds, or the state fails"),
                )
            })
        });
        let topic = self.required(block, "topic", RULE).and_then(|place| self.topic(&place));
        let value = self.required_mapper(block, "value", SiteClass::Task, RULE);
        let key = optional(block.get("key").map(|place| self.kafka_key(&place)));
        let headers = optional(block.get("headers").map(|place| self.kafka_headers(&place)));
        let key_schema_ref = optional(block.get("keySchemaRef").map(|place| self.schema_file(&place)));
        let value_schema_ref = optional(block.get("valueSchemaRef").map(|place| self.schema_file(&place)));
        let connection = block.get("connectionSecretRef");
        if connection.is_none() && self.capabilities.has_kafka_connection() == Some(false) {
            self.report_member(block, "connectionSecretRef", rules::no_kafka_connection());
        }
        let connection = optional(connection.map(|place| self.secret(&place)));
        Some(KafkaPublish {
            topic: topic?,
            value: value?,
            key: key?,
            headers: headers?.unwrap_or_default(),
            key_schema_ref: key_schema_ref?,
            value_schema_ref: value_schema_ref?,
            connection_secret_ref: connection?,
        })
    }

    fn topic(&mut self, place: &Place<'_>) -> Option<Arc<str>> {
        let text = self.non_empty(place, RULE)?;
        if text.contains("${") {
            let fault = shape::malformed(text, "topic", "it is taken literally, `${` is not replaced");
            self.report(place, fault.rule(RULE));
            return None;
        }
        Some(Arc::clone(text))
    }

    fn kafka_key(&mut self, place: &Place<'_>) -> Option<KafkaKey> {
        match place.text() {
            Some(text) => self.template_of(place, Arc::clone(text)).map(KafkaKey::Text),
            None if place.is_object() => {
                self.mapper_block(place, SiteClass::Task, RULE).map(KafkaKey::Mapper)
            }
            None => {
                self.wrong_type(place, "a string or a mapper", RULE);
                None
            }
        }
    }

    fn kafka_headers(&mut self, place: &Place<'_>) -> Option<OrderedMap<String, Scalar>> {
        self.scalars(place, RULE)
    }
}
