//! What a `Content-Type` says.

use http::HeaderValue;

/// The parts of a media type that matter here, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaType {
    essence: String,
    charset: Option<String>,
}

impl MediaType {
    /// Reads a header value; whatever cannot be read is no known type.
    pub(crate) fn of(value: &HeaderValue) -> Self {
        let text = value.to_str().unwrap_or_default();
        let mut parts = text.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let charset = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
        Self { essence, charset }
    }

    /// `application/json` and everything `+json` (TSK-043).
    pub(crate) fn is_json(&self) -> bool {
        self.essence == "application/json" || self.essence.ends_with("+json")
    }

    /// `application/x-www-form-urlencoded` (TSK-037).
    pub(crate) fn is_form(&self) -> bool {
        self.essence == "application/x-www-form-urlencoded"
    }

    /// The parameter `charset`.
    pub(crate) fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::MediaType;

    fn media(text: &'static str) -> MediaType {
        MediaType::of(&HeaderValue::from_static(text))
    }

    #[test]
    fn tsk_043_json_types() {
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            " application/json ;x",
        ] {
            assert!(media(json).is_json(), "{json}");
        }
        for other in ["text/json", "application/jsonl", "application/x+jsonx", "", "json"] {
            assert!(!media(other).is_json(), "{other}");
        }
    }

    #[test]
    fn tsk_043_charsets() {
        assert_eq!(media("text/plain; a=b; Charset=\"ISO-8859-1\"").charset(), Some("iso-8859-1"));
        assert_eq!(media("text/plain; charset").charset(), None);
        assert!(media("application/x-www-form-urlencoded;charset=UTF-8").is_form());
    }
}
