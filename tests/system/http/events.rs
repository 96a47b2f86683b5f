//! The event stream beside the reads (HTTP-100 to HTTP-106).

use http::Method;
use jf_testkit::HttpResponse;

use super::{QUIET, VISIT, ask, get, post, started, system};

/// `id`, `event` and `data` of each event of a stream that has ended.
fn events(stream: &HttpResponse) -> Vec<(String, String, String)> {
    let text = std::str::from_utf8(&stream.body).unwrap();
    let blocks = text.split_terminator("\n\n").filter(|block| block.starts_with("id: "));
    let field =
        |line: Option<&str>, name: &str| line.and_then(|line| line.strip_prefix(name)).unwrap().to_owned();
    let read = |block: &str| {
        let mut lines = block.lines();
        let event =
            (field(lines.next(), "id: "), field(lines.next(), "event: "), field(lines.next(), "data: "));
        assert_eq!(lines.next(), None, "one line of JSON: {block}");
        event
    };
    blocks.map(read).collect()
}

fn text(answer: &HttpResponse) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// With links and without: the same switch as the reads have. Also HTTP-053.
#[tokio::test]
async fn http_102_events_are_the_documents_of_the_reads_byte_for_byte() {
    let system = system(&[VISIT, QUIET]).await;
    let http = system.http();
    for (journey, steps) in [("visit", &["ask", "again"][..]), ("quiet", &["ask"])] {
        let run = started(&http, journey, r#"{"seen":{"who":"ann"}}"#).await;
        let mut expected = Vec::new();
        for step in steps {
            let status = get(&http, &run).await;
            let id = status.header("etag").unwrap().trim_matches('"').to_owned();
            expected.push((id, "status".to_owned(), text(&status)));
            assert_eq!(post(&http, &format!("{run}/steps/{step}"), "{}").await.status, 200);
        }
        let outcome = get(&http, &format!("{run}/result")).await;
        let id = outcome.header("etag").unwrap().trim_matches('"').to_owned();
        expected.push((id, "outcome".to_owned(), text(&outcome)));

        // 1 is the creation, which nobody was there to read.
        let stream = get(&http, &format!("{run}/events?after=1&conflate=false")).await;
        assert_eq!(events(&stream), expected, "{journey}");
        assert_eq!(expected[0].2.contains("_links"), journey == "visit", "HTTP-053");
        let last = &expected.last().unwrap().0;
        let done = ask(&http, Method::GET, &format!("{run}/events"), &[("last-event-id", last)], "").await;
        assert_eq!((done.status.as_u16(), done.body.len()), (204, 0), "HTTP-104");
    }
}

/// What the answer to a step shows beyond the status is for whoever took the step.
#[tokio::test]
async fn http_106_response_blocks_are_for_answers_and_the_stream_moves_nothing() {
    let system = system(&[VISIT]).await;
    let http = system.http();
    let run = started(&http, "visit", r#"{"seen":{"who":"ann"}}"#).await;
    let stepped = post(&http, &format!("{run}/steps/ask"), "{}").await;
    assert_eq!(super::json(&stepped)["who"], "ann", "ENG-048");
    assert_eq!(super::json(&get(&http, &run).await).get("who"), None);

    assert!(!text(&stepped).contains("/events"), "no link names the stream");
    assert_eq!(post(&http, &format!("{run}/steps/again"), "{}").await.status, 200);
    let projecting = format!("{run}/events?after=0&conflate=false");
    let stream = ask(&http, Method::GET, &projecting, &[("x-who", "eve")], "").await;
    let events = events(&stream);
    let statuses = events.iter().filter(|(_, kind, _)| kind == "status");
    assert!(statuses.clone().count() >= 2 && statuses.clone().all(|(_, _, data)| !data.contains("ann")));
    assert_eq!(stream.header("set-cookie"), None);
    assert_eq!(
        super::json(&get(&http, &format!("{run}/result")).await)["who"],
        "ann",
        "nothing is projected"
    );
}
