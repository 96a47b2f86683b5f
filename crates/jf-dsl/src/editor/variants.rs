//! Objects that choose their shape by a tag: states by `type`, tasks and policies by `kind`.

use serde_json::{Map, Value, json};

use super::Definitions;
use super::shape::{self, target};

/// One alternative: its tag, the comment on it, and its shape.
struct Variant {
    tag: String,
    word: String,
    comment: Value,
    shape: Value,
}

/// Rewrites alternatives with a constant tag as conditions on the tag. One condition holds at most, so what is wrong is said
/// about the shape that is meant; a choice among alternatives would speak of all of them, and be tried in all of them.
pub(super) fn choose_by_tag(definitions: &mut Definitions) {
    let names: Vec<String> = definitions.keys().cloned().collect();
    for name in names {
        let Some(Value::Object(schema)) = definitions.get(&name) else { continue };
        let cases = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array).cloned();
        let Some((variants, rest)) = cases.as_deref().and_then(variants) else { continue };
        let description = schema.get("description").cloned();
        let chosen = match (schema.get("properties"), &rest) {
            (Some(Value::Object(own)), None) => flat(own, schema.get("required"), &variants),
            _ => conditions(&variants, rest, definitions),
        };
        let Value::Object(mut chosen) = chosen else { continue };
        if let Some(description) = description {
            if let Some(Value::Object(member)) = chosen["properties"].get_mut(&variants[0].tag) {
                member.entry("description").or_insert_with(|| description.clone());
            }
            chosen.insert("description".into(), description);
        }
        definitions.insert(name, chosen.into());
    }
}

/// The alternatives with a tag, and the one without, if there is one.
fn variants(cases: &[Value]) -> Option<(Vec<Variant>, Option<Value>)> {
    let mut found = Vec::new();
    let mut rest = None;
    let mut flat = Vec::new();
    for case in cases {
        match case.get("oneOf").and_then(Value::as_array) {
            Some(inner) if case.get("properties").is_none() => flat.extend(inner),
            _ => flat.push(case),
        }
    }
    for case in flat {
        match variant(case) {
            Some(variant) => found.push(variant),
            None if rest.is_none() => rest = Some(case.clone()),
            None => return None,
        }
    }
    (found.len() > 1).then_some((found, rest))
}

fn variant(case: &Value) -> Option<Variant> {
    let properties = case.get("properties")?.as_object()?;
    let (tag, word) =
        properties.iter().find_map(|(name, member)| Some((name, member.get("const")?.as_str()?)))?;
    Some(Variant {
        tag: tag.clone(),
        word: word.to_owned(),
        comment: case.get("description").cloned().unwrap_or_else(|| "".into()),
        shape: case.clone(),
    })
}

fn conditions(variants: &[Variant], rest: Option<Value>, definitions: &mut Definitions) -> Value {
    let tag = &variants[0].tag;
    let words: Vec<&str> = variants.iter().map(|variant| variant.word.as_str()).collect();
    let comments: Vec<&Value> = variants.iter().map(|variant| &variant.comment).collect();
    let cases: Vec<Value> = variants
        .iter()
        .map(|variant| {
            json!({
                "if": { "type": "object", "required": [tag], "properties": { tag: { "const": variant.word } } },
                "then": shape_of(variant, definitions),
            })
        })
        .collect();
    let words = json!({ "type": "string", "enum": words, "enumDescriptions": comments });
    let member = match rest.as_ref().map(|rest| resolve(rest, definitions)) {
        None => words,
        // Any other word is for those who know it, the rest of the object too.
        Some(rest) => {
            let mut member =
                rest.get("properties").and_then(|found| found.get(tag)).cloned().unwrap_or_default();
            if let Value::Object(member) = &mut member {
                member.remove("not");
                member.insert("anyOf".into(), json!([words, {}]));
            }
            member
        }
    };
    json!({
        "type": "object",
        "required": [tag],
        "properties": { tag: member },
        "additionalProperties": true,
        "allOf": cases,
    })
}

/// Alternatives that share an object with other members: it has the members of all, and the tag says which may be used.
fn flat(own: &Map<String, Value>, required: Option<&Value>, variants: &[Variant]) -> Value {
    let tag = &variants[0].tag;
    let words: Vec<&str> = variants.iter().map(|variant| variant.word.as_str()).collect();
    let comments: Vec<&Value> = variants.iter().map(|variant| &variant.comment).collect();
    let members = |variant: &Variant| variant.shape["properties"].as_object().cloned().unwrap_or_default();
    let mut properties = own.clone();
    properties.insert(tag.clone(), json!({ "type": "string", "enum": words, "enumDescriptions": comments }));
    let mut of_variants = Map::new();
    for variant in variants {
        of_variants.extend(members(variant).into_iter().filter(|(name, _)| name != tag));
    }
    let cases: Vec<Value> = variants
        .iter()
        .map(|variant| {
            let needed: Vec<&Value> =
                variant.shape["required"].as_array().into_iter().flatten().filter(|name| *name != tag.as_str()).collect();
            let mine = members(variant);
            let mut conditions = Map::new();
            for name in needed.iter().filter_map(|name| name.as_str()) {
                conditions.insert(name.to_owned(), shape::not_null(name));
            }
            for name in of_variants.keys().filter(|name| !mine.contains_key(*name)) {
                let message = format!("`{name}` does not go with `{tag}: {}`", variant.word);
                conditions.insert(name.clone(), json!({ "type": "null", "errorMessage": message }));
            }
            json!({
                "if": { "type": "object", "required": [tag], "properties": { tag: { "const": variant.word } } },
                "then": { "required": needed, "properties": conditions },
            })
        })
        .collect();
    properties.extend(of_variants);
    let mut required = required.and_then(Value::as_array).cloned().unwrap_or_default();
    required.push(tag.as_str().into());
    json!({ "type": "object", "required": required, "properties": properties, "allOf": cases })
}

/// The shape of a variant with its tag, as a schema of its own name if it has one.
fn shape_of(variant: &Variant, definitions: &mut Definitions) -> Value {
    let tag = json!({ "const": variant.word, "description": variant.comment });
    let with_tag = |shape: &mut Map<String, Value>| {
        let mut properties = Map::from_iter([(variant.tag.clone(), tag.clone())]);
        let old = shape.remove("properties").and_then(|old| old.as_object().cloned()).unwrap_or_default();
        properties.extend(old.into_iter().filter(|(name, _)| *name != variant.tag));
        shape.insert("properties".into(), properties.into());
        let mut required = vec![Value::from(variant.tag.as_str())];
        let old = shape.remove("required").and_then(|old| old.as_array().cloned()).unwrap_or_default();
        required.extend(old.into_iter().filter(|name| *name != variant.tag.as_str()));
        shape.insert("required".into(), required.into());
        shape.insert("type".into(), "object".into());
    };
    let name = target(&variant.shape);
    match name.and_then(|name| definitions.get_mut(name)).and_then(Value::as_object_mut) {
        Some(shape) => {
            with_tag(shape);
            json!({ "$ref": variant.shape["$ref"] })
        }
        None => {
            let mut shape = variant.shape.as_object().cloned().unwrap_or_default();
            with_tag(&mut shape);
            shape.into()
        }
    }
}

fn resolve(schema: &Value, definitions: &Definitions) -> Value {
    target(schema).and_then(|name| definitions.get(name)).unwrap_or(schema).clone()
}
