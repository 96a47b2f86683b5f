//! The small languages inside definitions.

use std::collections::HashSet;

use jf_dsl::{
    DotPath, FileRef, HeaderName, HttpUrl, IsoDuration, JsonPath, Pattern, TaskKind, Template, Version,
    WritePath, encode_component, parse_rfc3339,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Text with placeholders: what is read is what was written, and rendering puts one value in for each placeholder.
pub(crate) fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => {
            assert!(!error.placeholder().is_empty() && !error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(template.source(), text);
    assert_eq!(template.to_string(), text);
    assert_eq!(Template::parse(text).as_ref(), Ok(&template));
    let (mut context, mut platform) = (Map::new(), Map::new());
    for placeholder in template.placeholders() {
        let written = placeholder.to_string();
        assert!(text.contains(&written), "{written} is written differently");
        let into = if written.starts_with("${context.") { &mut context } else { &mut platform };
        // Paths to read from may have segments that none to write to has.
        if let Ok(path) = WritePath::parse(placeholder.path().as_str()) {
            let _ = path.write(into, json!("a/ü ${context.a}"));
        }
        assert!(placeholder.config_key().is_none_or(|key| !key.is_empty()));
    }
    if template.is_literal() {
        let rendered = template.render(&context, &platform).expect("nothing has to be found");
        assert_eq!(rendered, text.replace("$${", "${"));
        assert_eq!(template.literal_prefix(), rendered);
    }
    if let Ok(rendered) = template.render(&context, &platform) {
        assert!(rendered.starts_with(&*template.literal_prefix()));
    }
    if let Ok(url) = template.render_url(&context, &platform) {
        let _ = HttpUrl::parse(&url);
    }
    let _ = HttpUrl::check_template(&template);
}

/// Paths: written as read, and a value can be read where it was written.
pub(crate) fn dot_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = DotPath::parse(text);
    if let Ok(path) = &read {
        assert_eq!(path.as_str(), text);
        assert_eq!(path.segments().collect::<Vec<_>>().join("."), text);
        assert!(path.segments().all(|segment| !segment.is_empty()));
    }
    let Ok(path) = WritePath::parse(text) else { return };
    let read = read.expect("where one can write, one can read");
    assert_eq!(path.segments().next(), Some(path.root()));
    let mut object = Map::new();
    path.write(&mut object, json!(1)).expect("nothing is in the way");
    assert_eq!(read.read(&object), Some(&json!(1)));
    let blocked = Map::from_iter([(path.root().to_owned(), json!([]))]);
    let conflict = path.check_write(&blocked).err().map(|conflict| conflict.at().to_owned());
    assert_eq!(conflict, text.contains('.').then(|| path.root().to_owned()));
}

/// Durations: written as read, and never into the past.
pub(crate) fn duration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(duration) = IsoDuration::parse(text) else { return };
    assert_eq!(duration.as_str(), text);
    for start in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        assert!(duration.after(start).is_none_or(|end| end >= start), "{text} goes back from {start}");
    }
}

/// Paths of diagnostics: what is written reads back as the same path, and any text can be a step.
pub(crate) fn json_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(path) = text.parse::<JsonPath>() {
        assert_eq!(path.to_string().parse(), Ok(path.clone()));
        assert_eq!(path.is_root(), path.steps().is_empty());
    }
    let path = JsonPath::root().member(text).index(data.len()).member("a");
    assert_eq!(path.to_string().parse(), Ok(path));
}

/// Everything else that is one piece of text in a definition: written as read.
pub(crate) fn texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(version) = Version::parse(text) {
        assert_eq!(version.to_string(), text);
        assert_eq!(Version::parse(text), Ok(version));
    }
    if let Ok(kind) = TaskKind::parse(text) {
        assert_eq!(format!("{}:v{}", kind.plugin(), kind.major()), text);
    }
    if let Ok(file) = FileRef::parse(text) {
        let normal = file.normal_form();
        assert!(!normal.starts_with('/') && normal.split('/').all(|part| part != ".."), "{normal} leads out");
    }
    if let Ok(url) = HttpUrl::parse(text) {
        assert_eq!(HttpUrl::parse(url.as_str()).as_ref(), Ok(&url), "{text} is not what it says");
    }
    if let Ok(header) = HeaderName::parse(text) {
        assert!(header.as_str().eq_ignore_ascii_case(text));
    }
    if let Ok(pattern) = Pattern::parse(text) {
        assert_eq!(pattern.as_str(), text);
        let _ = pattern.is_found_in("2026-01-01 a");
    }
    if let Some(instant) = parse_rfc3339(text) {
        assert_eq!(parse_rfc3339(&instant.to_string()), Some(instant));
    }
    let unreserved: HashSet<char> =
        ('a'..='z').chain('A'..='Z').chain('0'..='9').chain("-._~%".chars()).collect();
    assert!(encode_component(text).chars().all(|c| unreserved.contains(&c)));
    assert_eq!(jf_dsl::value_to_text(&Value::from(text)), text);
}
