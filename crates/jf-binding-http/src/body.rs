//! Request bodies (HTTP-010 to HTTP-013).

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Version};
use http_body_util::BodyExt;
use jf_core::{ByteShare, EngineError, EngineErrorKind};
use serde_json::Value;

use crate::config::HttpConfig;
use crate::json;

/// Reads a body as JSON; `None` is the empty body, whose meaning differs (HTTP-011).
///
/// No more than the limit is ever held, and nothing is read of a body that announces more.
///
/// # Errors
/// UnsupportedMediaType, TooLarge, InvalidInput, Unavailable.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: &mut Body,
    share: &mut ByteShare,
    config: &HttpConfig,
) -> Result<Option<Value>, EngineError> {
    check_media_type(headers)?;
    let bytes = collect(headers, body, share, config.body_bytes).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    json::parse(&bytes, config.json_depth, share).map(Some)
}

/// `application/json` and every `+json` type are JSON, and so is what does not say (HTTP-010). JSON has one encoding, so a `charset` may
/// name that one only; other parameters do not matter. Compressed bodies are none: what they take is not known before they are read.
fn check_media_type(headers: &HeaderMap) -> Result<(), EngineError> {
    let unsupported =
        |detail: &str| EngineError::new(EngineErrorKind::UnsupportedMediaType).with_detail(detail);
    let is_json = |value: &HeaderValue| {
        let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        (essence.eq_ignore_ascii_case("application/json") || has_json_suffix(essence))
            && parts.all(is_readable)
    };
    if !headers.get_all(CONTENT_TYPE).iter().all(is_json) {
        return Err(unsupported("send the body as application/json or a type that ends in +json, in UTF-8"));
    }
    let is_plain = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(unsupported("send the body as application/json without a content coding"));
    }
    Ok(())
}

/// Whether a parameter of a media type says nothing against UTF-8.
fn is_readable(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return true };
    let charset = value.trim().trim_matches('"');
    !name.trim().eq_ignore_ascii_case("charset")
        || ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
}

fn has_json_suffix(essence: &str) -> bool {
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    let suffix = subtype.len().checked_sub("+json".len()).and_then(|start| subtype.get(start..));
    !kind.is_empty()
        && subtype.len() > "+json".len()
        && suffix.is_some_and(|s| s.eq_ignore_ascii_case("+json"))
}

async fn collect(
    headers: &HeaderMap,
    body: &mut Body,
    share: &mut ByteShare,
    limit: usize,
) -> Result<Bytes, EngineError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| {
            EngineError::invalid_input("the body ended early or is not framed correctly").with_source(cause)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        share.grow(data.len())?;
        // Most bodies arrive in one piece, which is used as it is.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.reserve(
                    announced.map_or(2 * first.len(), |length| usize::try_from(length).unwrap_or(limit)),
                );
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    // Read to the end, which not every body can tell afterwards.
    *body = Body::empty();
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// How many bytes that a request has left are worth reading once it is answered; `None` if it waits for leave to send them.
///
/// Most clients of HTTP/1.1 read the answer only when they have sent all, and closing the connection under them would cost them the
/// answer. In HTTP/2 a stream ends alone, and whoever is told that it has ended keeps the answer (RFC 9113, 8.1); there it is worth no more than
/// what has been sent when the answer comes.
pub(crate) fn leftover(parts: &Parts) -> Option<u64> {
    const OF_A_CONNECTION: u64 = 16 * 1024 * 1024;
    const OF_A_STREAM: u64 = 64 * 1024;
    match parts.version {
        _ if parts.headers.contains_key(EXPECT) => None,
        Version::HTTP_2 => Some(OF_A_STREAM),
        _ => Some(OF_A_CONNECTION),
    }
}

/// Reads on what the client of an answered request is still sending, and drops it; what is [worth less](leftover) ends the connection, or the
/// stream of HTTP/2. No memory is held meanwhile, and the task ends with the connection at the latest.
pub(crate) fn discard(mut body: Body, leftover: Option<u64>) {
    let Some(mut left) = leftover.filter(|most| !body.is_end_stream() && body.size_hint().lower() <= *most)
    else {
        return;
    };
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    });
}

fn too_large(limit: usize) -> EngineError {
    EngineError::new(EngineErrorKind::TooLarge).with_detail(format!("the body is larger than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::check_media_type;
    use axum::body::Body;
    use bytes::Bytes;
    use futures::StreamExt;
    use http::{HeaderMap, HeaderValue, Version, header};
    use jf_core::ByteBudget;
    use jf_core::EngineErrorKind;

    #[test]
    fn http_010_json_types_pass_and_others_are_told_what_to_send() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/merge-patch+json",
            "application/vnd.x+JSON;v=1",
            "application/json;charset=\"UTF-8\"",
            "application/json; charset=utf8; v=1",
            "application/json; charset=US-ASCII",
            "application/json;",
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(good))]);
            assert!(check_media_type(&headers).is_ok(), "{good}");
        }
        assert!(check_media_type(&HeaderMap::new()).is_ok());
        for bad in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "json",
            "+json",
            "/+json",
            "a/json+",
            "application/jsonp",
            "application/json; charset=utf-16",
            "application/merge-patch+json; v=1; Charset=\"ISO-8859-1\"",
            "application/json; charset=",
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(bad))]);
            let error = check_media_type(&headers).unwrap_err();
            assert_eq!(error.kind(), EngineErrorKind::UnsupportedMediaType, "{bad}");
            assert!(error.problem().detail.as_deref().unwrap().contains("application/json"));
        }
        for (coding, passes) in [("identity", true), ("Identity", true), ("gzip", false), ("", false)] {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(coding))]);
            assert_eq!(check_media_type(&headers).is_ok(), passes, "{coding}");
        }
    }

    async fn collect(
        headers: &HeaderMap,
        body: &mut Body,
        limit: usize,
    ) -> Result<Bytes, jf_core::EngineError> {
        super::collect(headers, body, &mut ByteBudget::new(1_000).share(), limit).await
    }

    fn pieces(pieces: &'static [&'static str]) -> Body {
        Body::from_stream(futures::stream::iter(
            pieces.iter().map(|p| Ok::<_, std::io::Error>(Bytes::from_static(p.as_bytes()))),
        ))
    }

    #[tokio::test]
    async fn http_013_the_limit_counts_whole_bodies_however_they_arrive() {
        let none = HeaderMap::new();
        assert_eq!(collect(&none, &mut pieces(&["ab", "", "cd", "e"]), 5).await.unwrap(), "abcde");
        assert_eq!(collect(&none, &mut pieces(&["", "abcde"]), 5).await.unwrap(), "abcde");
        assert_eq!(collect(&none, &mut pieces(&[]), 0).await.unwrap(), "");
        for body in [pieces(&["abcdef"]), pieces(&["abc", "def"]), pieces(&["abcde", "", "f"])] {
            assert_eq!(collect(&none, &mut { body }, 5).await.unwrap_err().kind(), EngineErrorKind::TooLarge);
        }
    }

    #[tokio::test]
    async fn http_013_nothing_is_read_of_a_body_that_announces_too_much() {
        let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from_static("6"))]);
        let mut untouched = Body::from_stream(futures::stream::once(async {
            panic!("the body was read");
            #[expect(unreachable_code, reason = "gives the stream its type")]
            Ok::<Bytes, std::io::Error>(Bytes::new())
        }));
        assert_eq!(collect(&headers, &mut untouched, 5).await.unwrap_err().kind(), EngineErrorKind::TooLarge);
    }

    /// How many of a hundred pieces of 10 000 bytes are read of a request that was answered.
    async fn read_of(version: Version, expect: Option<&'static str>) -> usize {
        let (read, mut pieces) = tokio::sync::mpsc::unbounded_channel();
        let body = Body::from_stream(futures::stream::iter(0..100).map(move |piece| {
            read.send(piece).unwrap();
            Ok::<_, std::io::Error>(vec![b'x'; 10_000])
        }));
        let mut request = http::Request::post("/").version(version);
        if let Some(expect) = expect {
            request = request.header(header::EXPECT, expect);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        super::discard(body, super::leftover(&parts));
        let mut count = 0;
        while pieces.recv().await.is_some() {
            count += 1;
        }
        count
    }

    #[tokio::test]
    async fn http_013_what_a_refused_request_has_left_is_read_as_far_as_that_helps() {
        assert_eq!(read_of(Version::HTTP_11, None).await, 100, "for the connection");
        assert_eq!(read_of(Version::HTTP_2, None).await, 7, "a stream can end alone");
        assert_eq!(read_of(Version::HTTP_11, Some("100-continue")).await, 0, "it has not begun");
    }

    #[tokio::test]
    async fn http_012_a_body_that_breaks_off_is_invalid_input() {
        let mut broken = Body::from_stream(futures::stream::iter([
            Ok(Bytes::from_static(b"{\"a\"")),
            Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
        ]));
        let error = collect(&HeaderMap::new(), &mut broken, 100).await.unwrap_err();
        assert_eq!(error.kind(), EngineErrorKind::InvalidInput);
    }
}
