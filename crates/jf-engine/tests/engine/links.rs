//! Links in documents (HTTP-050 to HTTP-054).

use jf_core::{Links, StartReply};
use serde_json::json;

use crate::support::{APPROVAL, Bench, Setup, journey, step};

fn shown(links: Option<&Links>) -> Vec<String> {
    links
        .into_iter()
        .flat_map(Links::iter)
        .map(|(name, link)| format!("{name} {} {}", link.method, link.href))
        .collect()
}

#[tokio::test]
async fn http_050_a_waiting_run_links_to_its_steps() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let id = bench.parked("approval", json!({})).await;
    let base = format!("/api/v1/journeys/{id}");
    assert_eq!(
        shown(bench.status(&id).await.document.links.as_ref()),
        [
            format!("self GET {base}"),
            format!("result GET {base}/result"),
            format!("wait POST {base}/steps/wait"),
            format!("cancel POST {base}/steps/cancel"),
        ]
    );
    bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(shown(bench.status(&id).await.document.links.as_ref()).len(), 2, "HTTP-052");
    assert_eq!(shown(bench.outcome(&id).await.links.as_ref()), [format!("self GET {base}/result")]);
}

#[tokio::test]
async fn http_052_a_run_that_cannot_be_cancelled_has_no_such_link() {
    let spec = format!("lifecycle: {{ cancellable: false, startMode: async }}\n{APPROVAL}");
    let setup = Setup::new(&[journey("fixed", &spec)])
        .config(|config| config.public_base_url = Some("https://j.example/base/".to_owned()));
    let bench = setup.build().await;
    let started = bench.start("fixed", json!({})).await;
    let id = started.journey_id.clone();
    let base = format!("https://j.example/base/api/v1/journeys/{id}");
    let StartReply::Started(response) = started.settled().await.unwrap() else {
        panic!("it is asynchronous")
    };
    assert_eq!(response.document.status_url, base, "HTTP-054");
    let expected = [format!("self GET {base}"), format!("result GET {base}/result")];
    assert_eq!(shown(response.document.links.as_ref()), expected);
    let status = bench.status(&id).await.document;
    assert!(!status.links.unwrap().contains_key("cancel"));
}

#[tokio::test]
async fn http_053_links_can_be_turned_off() {
    let spec = format!("httpSurface: {{ links: {{ enabled: false }} }}\n{APPROVAL}");
    let bench = Bench::new(&[journey("plain", &spec)]).await;
    let id = bench.parked("plain", json!({})).await;
    assert_eq!(bench.status(&id).await.document.links, None);
    let status = bench.submitted(step(&id, "wait", json!({ "ok": true }))).await.unwrap();
    assert_eq!(status.document.links, None);
    assert_eq!(bench.outcome(&id).await.links, None);
}
