//! Types that are one piece of text in a document.

/// Writes the type as its text, and describes it to editors as a string of the given form. The schema stands in place
/// wherever the type is used, so that the comment of the member is what authors see.
macro_rules! written_as_text {
    ($type:ty, $name:literal, $schema:tt) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $crate::text::described_as_text!($type, $name, $schema);
    };
}

/// The part of [`written_as_text`] for editors.
macro_rules! described_as_text {
    ($type:ty, $name:literal, { $($member:tt)* }) => {
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!({ "type": "string", $($member)* });
                if schema.get("pattern").is_some() {
                    let message = concat!("not a valid ", $name);
                    schema.insert("patternErrorMessage".into(), message.into());
                }
                schema
            }
        }
    };
}

pub(crate) use {described_as_text, written_as_text};
