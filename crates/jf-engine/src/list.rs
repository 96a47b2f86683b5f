//! Pages of runs (ENG-138).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jf_core::{EngineError, EngineErrorKind, JourneyId, JourneyStatus, ListQuery, Page};
use jf_store::{ListKey, RunFilter};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::num::NonZeroUsize;

use crate::shared::{Shared, store_error, unreadable};
use crate::snapshot::RunSnapshot;

/// Most items of a page, whatever is asked for (ENG-145).
const LARGEST_PAGE: u32 = 200;

impl Shared {
    /// A page of runs, newest first.
    pub(crate) async fn list(&self, query: ListQuery) -> Result<Page<JourneyStatus>, EngineError> {
        let size = query.page_size.get().min(LARGEST_PAGE) as usize;
        let filter = filter_of(&query);
        let digest = digest_of(&filter);
        let after = query.page_token.as_deref().map(|token| read_token(token, digest)).transpose()?;
        // One more than wanted tells whether there is a further page.
        let limit = NonZeroUsize::MIN.saturating_add(size);
        let mut runs =
            self.store.list(&filter, after.as_ref(), limit).await.map_err(|error| store_error(&error))?;
        let more = runs.len() > size;
        runs.truncate(size);
        let last = runs.last().filter(|_| more);
        let next_page_token = last.map(|run| write_token(run.index.created, &run.run, digest));
        let mut items = Vec::with_capacity(runs.len());
        for stored in runs {
            // A run that cannot be read is told to the log, and keeps nobody from reading the others.
            let Ok(run) =
                RunSnapshot::from_stored(&stored.snapshot).map_err(|error| unreadable(&stored.run, error))
            else {
                continue;
            };
            match self.version_of(&stored.run, &stored.index.definition).await {
                Ok(deployed) => items.push(self.status(&deployed, &run.0).document),
                Err(error) if error.kind() == EngineErrorKind::Internal => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Page::new(items, next_page_token))
    }
}

fn filter_of(query: &ListQuery) -> RunFilter {
    let mut filter = RunFilter::default();
    filter.journey = query.journey.as_ref().map(ToString::to_string);
    filter.phase = query.phase;
    filter.tags.clone_from(&query.tags);
    filter.attributes.clone_from(&query.attributes);
    filter.include_compensation = query.include_compensation;
    filter
}

/// Names the filters of a query, in whatever order they were given.
fn digest_of(filter: &RunFilter) -> [u8; 8] {
    let mut tags: Vec<&str> = filter.tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    let mut attributes: Vec<(&str, &str)> =
        filter.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    attributes.sort_unstable();
    let phase = filter.phase.map(jf_core::Phase::as_str);
    let text = format!("{:?}", (&filter.journey, phase, tags, attributes, filter.include_compensation));
    let mut digest = [0; 8];
    digest.copy_from_slice(&Sha256::digest(text)[..8]);
    digest
}

/// A token is the place of the last item and the digest of the filters: 12 bytes of time, 8 of digest, the id.
fn write_token(created: Timestamp, run: &JourneyId, filters: [u8; 8]) -> String {
    let mut bytes = Vec::with_capacity(20 + run.as_str().len());
    bytes.extend(created.as_second().to_be_bytes());
    bytes.extend(created.subsec_nanosecond().to_be_bytes());
    bytes.extend(filters);
    bytes.extend(run.as_str().as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_token(token: &str, filters: [u8; 8]) -> Result<ListKey, EngineError> {
    let (key, of) =
        parse_token(token).ok_or_else(|| EngineError::invalid_input("the page token is not valid"))?;
    if of == filters {
        Ok(key)
    } else {
        Err(EngineError::invalid_input("the page token belongs to other filters"))
    }
}

fn parse_token(token: &str) -> Option<(ListKey, [u8; 8])> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (seconds, rest) = bytes.split_first_chunk::<8>()?;
    let (nanos, rest) = rest.split_first_chunk::<4>()?;
    let (filters, id) = rest.split_first_chunk::<8>()?;
    let created = Timestamp::new(i64::from_be_bytes(*seconds), i32::from_be_bytes(*nanos)).ok()?;
    let run = JourneyId::parse(std::str::from_utf8(id).ok()?).ok()?;
    Some((ListKey { created, run }, *filters))
}

#[cfg(test)]
mod tests {
    use super::{digest_of, parse_token, read_token, write_token};
    use jf_core::JourneyId;
    use jf_store::RunFilter;
    use jiff::Timestamp;

    #[test]
    fn http_082_a_token_names_its_place_and_its_filters() {
        let created = Timestamp::new(1_767_225_600, 7_000_000).unwrap();
        let run = JourneyId::random();
        let mut filter = RunFilter::default();
        filter.tags = vec!["b".to_owned(), "a".to_owned()];
        let digest = digest_of(&filter);
        let token = write_token(created, &run, digest);
        let key = read_token(&token, digest).unwrap();
        assert_eq!((key.created, key.run), (created, run));
        filter.tags.reverse();
        assert!(read_token(&token, digest_of(&filter)).is_ok());
        filter.tags.pop();
        assert!(read_token(&token, digest_of(&filter)).is_err());
    }

    #[test]
    fn http_082_what_is_no_token_is_refused() {
        for text in ["", "!", "AAAA", &"A".repeat(40), &"_".repeat(200)] {
            let parsed = parse_token(text);
            assert!(parsed.is_none() || text.len() == 40, "{text}");
        }
    }
}
