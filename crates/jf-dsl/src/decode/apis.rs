//! `spec.apis`: the catalogue (DEF-065). What the files hold matters only to the tasks that use them.

use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::ApiName;
use crate::model::catalogue::Api;
use crate::model::ordered::OrderedMap;
use crate::rules::shape;
use crate::value::file_ref::FileRef;

impl Decoder<'_> {
    pub(super) fn apis(&mut self, place: &Place<'_>) -> OrderedMap<ApiName, Api> {
        let mut apis = OrderedMap::default();
        if self.object(place, "DEF-065").is_none() {
            return apis;
        }
        for (key, entry) in place.entries() {
            let name = self.key(key, &entry, "DEF-065", ApiName::parse);
            let api = self.api(&entry);
            if let (Some(name), Some(api)) = (name, api) {
                apis.insert(name, api);
            }
        }
        apis
    }

    fn api(&mut self, place: &Place<'_>) -> Option<Api> {
        self.object(place, "DEF-065")?;
        self.known(place, &["openApiRef"]);
        let place = self.required(place, "openApiRef", "DEF-065")?;
        let text = self.non_empty(&place, "DEF-065")?;
        match FileRef::parse(Arc::clone(text)) {
            Ok(open_api_ref) => Some(Api { open_api_ref }),
            Err(error) => {
                let fault = shape::malformed(text, "file reference", &error.to_string());
                self.report(&place, fault.rule("DEF-065"));
                None
            }
        }
    }
}
