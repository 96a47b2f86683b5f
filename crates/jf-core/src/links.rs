//! Hypermedia controls of documents (HTTP-050 to HTTP-055).

use std::borrow::Cow;
use std::fmt;
use std::ops::Index;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a relation; those that are the same for all runs cost nothing.
type Relation = Cow<'static, str>;

/// One hypermedia control (HTTP-051).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Link {
    /// Root-relative, or absolute under the configured public base URL (HTTP-054).
    pub href: String,
    /// The HTTP method to use.
    pub method: Cow<'static, str>,
}

impl Link {
    /// A link followed with GET.
    #[must_use]
    pub fn get(href: impl Into<String>) -> Self {
        Self { href: href.into(), method: Cow::Borrowed("GET") }
    }

    /// A link followed with POST.
    #[must_use]
    pub fn post(href: impl Into<String>) -> Self {
        Self { href: href.into(), method: Cow::Borrowed("POST") }
    }
}

/// Links by their relations, in the order they are shown. A document has few, which are looked up one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links(Vec<(Relation, Link)>);

impl Links {
    /// No links, with room for so many.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds a link at the end; one of the same relation is replaced in its place.
    pub fn insert(&mut self, relation: impl Into<Cow<'static, str>>, link: Link) {
        let relation = relation.into();
        match self.0.iter_mut().find(|(known, _)| *known == relation) {
            Some((_, known)) => *known = link,
            None => self.0.push((relation, link)),
        }
    }

    /// Takes a link out; the others keep their order.
    pub fn remove(&mut self, relation: &str) -> Option<Link> {
        let at = self.0.iter().position(|(known, _)| known == relation)?;
        Some(self.0.remove(at).1)
    }

    /// The link of a relation.
    #[must_use]
    pub fn get(&self, relation: &str) -> Option<&Link> {
        self.iter().find(|(known, _)| *known == relation).map(|(_, link)| link)
    }

    /// Whether there is a link of that relation.
    #[must_use]
    pub fn contains_key(&self, relation: &str) -> bool {
        self.get(relation).is_some()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Link)> {
        self.0.iter().map(|(relation, link)| (&**relation, link))
    }
}

impl<R: Into<Cow<'static, str>>> FromIterator<(R, Link)> for Links {
    fn from_iter<I: IntoIterator<Item = (R, Link)>>(links: I) -> Self {
        let mut all = Self::default();
        links.into_iter().for_each(|(relation, link)| all.insert(relation, link));
        all
    }
}

impl Index<&str> for Links {
    type Output = Link;

    /// # Panics
    /// When there is no such relation; [`Links::get`] asks.
    fn index(&self, relation: &str) -> &Link {
        self.get(relation).expect("the document has a link of this relation")
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
                while let Some((relation, link)) = members.next_entry::<String, Link>()? {
                    links.insert(relation, link);
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
        let mut links = Links::with_capacity(2);
        links.insert("self", Link::get("/a"));
        links.insert("cancel".to_owned(), Link::post("/b"));
        links.insert("self", Link::get("/c"));
        let text = serde_json::to_string(&links).expect("links are JSON");
        assert_eq!(text, r#"{"self":{"href":"/c","method":"GET"},"cancel":{"href":"/b","method":"POST"}}"#);
        assert_eq!(serde_json::from_str::<Links>(&text).expect("they are read"), links);
        assert_eq!((links["cancel"].href.as_str(), links.contains_key("next")), ("/b", false));
        assert_eq!(links.remove("self"), Some(Link::get("/c")));
        assert_eq!(links, Links::from_iter([("cancel", Link::post("/b"))]));
    }
}
