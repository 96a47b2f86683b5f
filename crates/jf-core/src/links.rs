//! Hypermedia controls of documents (HTTP-050 to HTTP-055).

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

/// One hypermedia control (HTTP-051).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Link<'a> {
    /// Root-relative, or absolute under the configured public base URL (HTTP-054).
    pub href: Cow<'a, str>,
    /// The HTTP method to use.
    pub method: Cow<'a, str>,
}

impl<'a> Link<'a> {
    /// A link followed with GET.
    #[must_use]
    pub fn get(href: impl Into<Cow<'a, str>>) -> Self {
        Self { href: href.into(), method: Cow::Borrowed("GET") }
    }

    /// A link followed with POST.
    #[must_use]
    pub fn post(href: impl Into<Cow<'a, str>>) -> Self {
        Self { href: href.into(), method: Cow::Borrowed("POST") }
    }
}

/// Links by their relations, in the order they are shown. A document has few, which are looked up one by one.
///
/// ```
/// use jf_core::{Link, Links};
///
/// let mut links = Links::default();
/// links.insert("self", &Link::get("/api/v1/journeys/j-1"));
/// links.add("cancel", "POST", ["/api/v1/journeys/", "j-1", "/steps/cancel"]);
/// assert_eq!(links.get("cancel"), Some(Link::post("/api/v1/journeys/j-1/steps/cancel")));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Links(Box<Packed>);

/// Nearly every document that is sent has links, and those that are kept have none: the texts of all links of a document lie in one piece
/// of memory, and a document without any has room for one pointer only.
#[derive(Clone, Default, PartialEq, Eq)]
struct Packed {
    /// Relation, method and address of the first link, then those of the next.
    text: String,
    ends: SmallVec<[Ends; 4]>,
}

/// Where the parts of a link end in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    relation: usize,
    method: usize,
    href: usize,
}

impl Packed {
    /// The beginning and the ends of a link.
    fn places(&self) -> impl Iterator<Item = (usize, Ends)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|ends| ends.href));
        starts.zip(self.ends.iter().copied())
    }
}

impl Links {
    /// No links, with room for so many bytes of relations, methods and addresses.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Box::new(Packed { text: String::with_capacity(bytes), ends: SmallVec::new() }))
    }

    /// Adds a link at the end; one of the same relation is replaced in its place.
    pub fn insert(&mut self, relation: &str, link: &Link<'_>) {
        self.add(relation, &link.method, [&*link.href]);
    }

    /// Adds a link like [`insert`](Self::insert), the parts of whose address are put together here.
    pub fn add<'h>(&mut self, relation: &str, method: &str, href: impl IntoIterator<Item = &'h str>) {
        if self.contains_key(relation) {
            let href: String = href.into_iter().collect();
            let mut all = Self::with_capacity(self.0.text.len() + href.len());
            for (known, link) in self.iter() {
                if known == relation {
                    all.push(relation, method, [&*href]);
                } else {
                    all.push(known, &link.method, [&*link.href]);
                }
            }
            *self = all;
        } else {
            self.push(relation, method, href);
        }
    }

    fn push<'h>(&mut self, relation: &str, method: &str, href: impl IntoIterator<Item = &'h str>) {
        let Packed { text, ends } = &mut *self.0;
        text.push_str(relation);
        let relation = text.len();
        text.push_str(method);
        let method = text.len();
        text.extend(href);
        ends.push(Ends { relation, method, href: text.len() });
    }

    /// Takes a link out, if there is one of this relation; the others keep their order.
    pub fn remove(&mut self, relation: &str) {
        if self.contains_key(relation) {
            let mut others = Self::with_capacity(self.0.text.len());
            for (known, link) in self.iter().filter(|(known, _)| *known != relation) {
                others.push(known, &link.method, [&*link.href]);
            }
            *self = others;
        }
    }

    /// The link of a relation.
    #[must_use]
    pub fn get(&self, relation: &str) -> Option<Link<'_>> {
        self.iter().find(|(known, _)| *known == relation).map(|(_, link)| link)
    }

    /// Whether there is a link of that relation.
    #[must_use]
    pub fn contains_key(&self, relation: &str) -> bool {
        let text = self.0.text.as_bytes();
        self.0.places().any(|(start, ends)| text[start..ends.relation] == *relation.as_bytes())
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Link<'_>)> {
        let text = self.0.text.as_str();
        self.0.places().map(|(start, ends)| {
            let (method, href) = (&text[ends.relation..ends.method], &text[ends.method..ends.href]);
            (&text[start..ends.relation], Link { href: Cow::Borrowed(href), method: Cow::Borrowed(method) })
        })
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a, R: AsRef<str>> FromIterator<(R, Link<'a>)> for Links {
    fn from_iter<I: IntoIterator<Item = (R, Link<'a>)>>(links: I) -> Self {
        let mut all = Self::default();
        links.into_iter().for_each(|(relation, link)| all.insert(relation.as_ref(), &link));
        all
    }
}

impl Serialize for Links {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Links {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Links;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of links")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Links, A::Error> {
                let mut links = Links::default();
                while let Some((relation, link)) = members.next_entry::<String, Link<'_>>()? {
                    links.insert(&relation, &link);
                }
                Ok(links)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, Links};

    #[test]
    fn http_051_links_are_an_object_in_order_and_come_back_as_they_were() {
        let mut links = Links::with_capacity(40);
        links.insert("self", &Link::get("/a"));
        links.add("cancel", "POST", ["/", "b"]);
        links.insert("self", &Link::get("/c"));
        let text = serde_json::to_string(&links).expect("links are JSON");
        assert_eq!(text, r#"{"self":{"href":"/c","method":"GET"},"cancel":{"href":"/b","method":"POST"}}"#);
        assert_eq!(serde_json::from_str::<Links>(&text).expect("they are read"), links);
        assert_eq!((links.get("cancel").unwrap().href.as_ref(), links.contains_key("next")), ("/b", false));
        assert_eq!(format!("{links:?}"), format!("{:?}", links.iter().collect::<indexmap::IndexMap<_, _>>()));
        links.remove("next");
        links.remove("self");
        assert_eq!(links, Links::from_iter([("cancel", Link::post("/b"))]));
    }

    #[test]
    fn http_051_relations_and_addresses_are_any_text() {
        let odd = [("", Link::get("")), ("a\"b\n", Link::post("\u{1f980}\\")), ("GET", Link::get("POST"))];
        let links = Links::from_iter(odd.clone());
        assert!(links.iter().eq(odd));
        let text = serde_json::to_string(&links).expect("links are JSON");
        assert_eq!(serde_json::from_str::<Links>(&text).expect("they are read"), links);
    }
}
