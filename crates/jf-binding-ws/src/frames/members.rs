//! The members of one JSON object, found without recursion and without building anything.
//!
//! An envelope is small, a payload may be large. Splitting gives each member as a slice of the text together with its depth, so
//! that size and nesting of the payload are known before it is parsed, and it is parsed once, straight into the value that the
//! engine takes.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::IgnoredAny;

/// One member of an object, its value unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a str,
    /// Containers inside each other; a number has 0, `[]` has 1.
    pub(crate) depth: usize,
}

/// Why a text is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is JSON, but no object (BAT-1 among others).
    NotAnObject,
    /// It is not JSON.
    Unreadable,
}

/// The members of an object in order. Bracket structure is checked on the way; values are checked by [`Members::check`] or by
/// whoever parses them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members<'a>(Vec<Member<'a>>);

impl<'a> Members<'a> {
    /// Splits the one object that `text` must be, white space around it allowed.
    pub(crate) fn split(text: &'a str) -> Result<Self, Fault> {
        let mut scan = Scan { text, at: 0 };
        scan.space();
        if scan.peek() != Some(b'{') {
            return Err(if is_readable(text) { Fault::NotAnObject } else { Fault::Unreadable });
        }
        let members = scan.object().ok_or(Fault::Unreadable)?;
        Ok(Self(members))
    }

    /// Whether the value of every member but `except` is readable.
    pub(crate) fn check(&self, except: &str) -> Result<(), Fault> {
        let readable = |member: &Member<'_>| member.name == except || is_readable(member.value);
        if self.0.iter().all(readable) { Ok(()) } else { Err(Fault::Unreadable) }
    }

    /// The first name that occurs twice.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        const FEW: usize = 16;
        let names = || self.0.iter().map(|member| &*member.name);
        if self.0.len() <= FEW {
            return names()
                .enumerate()
                .find(|(i, name)| names().take(*i).any(|n| n == *name))
                .map(|(_, name)| name);
        }
        let mut seen = HashSet::with_capacity(self.0.len());
        names().find(|name| !seen.insert(*name))
    }

    /// Takes the member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Member<'a>> {
        let index = self.0.iter().position(|member| member.name == name)?;
        Some(self.0.remove(index))
    }

    /// The value of a member, left in place.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|member| member.name == name).map(|member| member.value)
    }

    /// The names that are not in `known`.
    pub(crate) fn unknown(&self, known: &[&str]) -> Vec<&str> {
        self.0.iter().map(|member| &*member.name).filter(|name| !known.contains(name)).collect()
    }
}

/// Whether a text is one JSON value; nesting costs no stack.
pub(crate) fn is_readable(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The elements of an array, each as a slice of the text.
pub(crate) fn elements(text: &str) -> Result<Vec<&str>, Fault> {
    let mut scan = Scan { text, at: 0 };
    scan.array().ok_or(Fault::Unreadable)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn object(&mut self) -> Option<Vec<Member<'a>>> {
        let mut members = Vec::new();
        self.eat(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
        } else {
            loop {
                self.space();
                let name = self.name()?;
                self.eat(b':')?;
                self.space();
                let start = self.at;
                let depth = self.value()?;
                members.push(Member { name, value: &self.text[start..self.at], depth });
                self.space();
                let next = self.peek()?;
                self.at += 1;
                match next {
                    b',' => {}
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        self.space();
        (self.at == self.text.len()).then_some(members)
    }

    fn array(&mut self) -> Option<Vec<&'a str>> {
        let mut elements = Vec::new();
        self.eat(b'[')?;
        self.space();
        if self.peek()? == b']' {
            return Some(elements);
        }
        loop {
            self.space();
            let start = self.at;
            self.value()?;
            elements.push(&self.text[start..self.at]);
            self.space();
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                b']' => return Some(elements),
                _ => return None,
            }
        }
    }

    fn name(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        let plain = self.string()?;
        let quoted = &self.text[start..self.at];
        if plain {
            Some(Cow::Borrowed(&quoted[1..quoted.len() - 1]))
        } else {
            serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
        }
    }

    /// Steps over a string; tells whether it stands for itself.
    fn string(&mut self) -> Option<bool> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let mut plain = true;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(plain);
                }
                b'\\' => {
                    plain = false;
                    self.at += 2;
                }
                byte => {
                    plain &= byte >= 0x20;
                    self.at += 1;
                }
            }
        }
    }

    /// Steps over a value; tells its depth.
    fn value(&mut self) -> Option<usize> {
        let (mut open, mut depth) = (0_usize, 0_usize);
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'[' | b'{' => {
                    open += 1;
                    depth = depth.max(open);
                    self.at += 1;
                }
                b']' | b'}' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                _ if open > 0 => self.at += 1,
                _ => {
                    self.scalar()?;
                }
            }
            if open == 0 {
                return Some(depth);
            }
        }
    }

    /// Steps over a number or a literal outside of any container.
    fn scalar(&mut self) -> Option<()> {
        let start = self.at;
        while !matches!(self.peek()?, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt;

    use proptest::prelude::*;
    use serde::Deserializer as _;
    use serde::de::{MapAccess, Visitor};
    use serde_json::Value;

    use super::{Fault, Members, elements};

    fn split(text: &str) -> Result<Vec<(String, String, usize)>, Fault> {
        let members = Members::split(text)?;
        members.check("no such name")?;
        Ok(members.0.into_iter().map(|m| (m.name.into_owned(), m.value.to_owned(), m.depth)).collect())
    }

    #[test]
    fn lim_2_members_are_found_with_their_depth() {
        let text =
            " {\"type\" : \"x\",\n\"payload\":{\"a\":[1,{}]},\"n\":-1.5e3 ,\"t\":true,\"e\":\"}\\\"{\"} ";
        let found = split(text).unwrap();
        let expected = [
            ("type", "\"x\"", 0),
            ("payload", r#"{"a":[1,{}]}"#, 3),
            ("n", "-1.5e3", 0),
            ("t", "true", 0),
            ("e", r#""}\"{""#, 0),
        ];
        assert_eq!(found, expected.map(|(name, value, depth)| (name.to_owned(), value.to_owned(), depth)));
        assert_eq!(split("{}").unwrap(), []);
    }

    #[test]
    fn lim_2_names_are_compared_after_unescaping() {
        let members = Members::split(r#"{"type":1,"\u0074ype":2}"#).unwrap();
        assert_eq!(members.duplicate(), Some("type"));
        assert_eq!(Members::split(r#"{"type":1,"Type":2}"#).unwrap().duplicate(), None);
        let many: String = (0..40).map(|i| format!("\"m{i}\":0,")).collect();
        assert_eq!(Members::split(&format!("{{{many}\"m7\":1}}")).unwrap().duplicate(), Some("m7"));
    }

    #[test]
    fn bat_1_only_one_object_is_a_frame() {
        for text in ["[]", "[{\"type\":\"ping\"}]", "1", "\"x\"", "null"] {
            assert_eq!(split(text), Err(Fault::NotAnObject), "{text}");
        }
        for text in [
            "",
            " ",
            "{",
            "}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":1}{}",
            "{\"a\":1} x",
            "{\"a\":[1}",
            "{\"a\":[}]}",
            "{\"a\":01}",
            "{\"a\":tru}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\u{1}\":1}",
            "{\"\\x\":1}",
            "{\"a\":\"\\",
            "{a:1}",
            "\u{feff}{}",
        ] {
            assert_eq!(split(text), Err(Fault::Unreadable), "{text}");
        }
    }

    #[test]
    fn lim_2_deep_nesting_costs_no_stack() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(split(&text).unwrap()[0].2, 100_000);
    }

    #[test]
    fn sub_9_elements_of_an_array_are_slices() {
        assert_eq!(elements("[ ]").unwrap(), Vec::<&str>::new());
        assert_eq!(elements(r#"[{"a":[1,2]}, 3 ,"],["]"#).unwrap(), [r#"{"a":[1,2]}"#, "3", r#""],[""#]);
        assert_eq!(elements("{}"), Err(Fault::Unreadable));
    }

    /// What `serde_json` makes of the same text: the names in order, when it is an object.
    fn reference(text: &str) -> Option<Vec<String>> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Vec<String>, A::Error> {
                let mut names = Vec::new();
                while let Some((name, _)) = members.next_entry::<String, Value>()? {
                    names.push(name);
                }
                Ok(names)
            }
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let names = reader.deserialize_map(Names).ok()?;
        reader.end().ok().map(|()| names)
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn lim_2_splitting_agrees_with_the_parser(value in json(), cut in 0.0_f64..1.0, noise in "[\\[\\]{}\",:\\\\a1 ]{0,3}") {
            let whole = value.to_string();
            let mut at = (whole.len() as f64 * cut) as usize;
            while !whole.is_char_boundary(at) {
                at -= 1;
            }
            for text in [whole.clone(), format!("{}{noise}{}", &whole[..at], &whole[at..]), noise.clone()] {
                let found = split(&text).ok().map(|members| members.into_iter().map(|m| m.0).collect::<Vec<_>>());
                prop_assert_eq!(&found, &reference(&text), "{}", text);
                if let Some(names) = found {
                    let distinct = names.iter().collect::<HashSet<_>>().len() == names.len();
                    prop_assert_eq!(Members::split(&text).unwrap().duplicate().is_none(), distinct);
                }
            }
        }
    }
}
