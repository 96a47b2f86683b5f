//! Listing (ENG-138).

use jf_core::{Engine, EngineErrorKind, ListQuery, Phase, StartRequest};
use serde_json::json;
use std::num::NonZeroU32;

use crate::support::{APPROVAL, Bench, caller, caller_with, journey, kind};

fn pages_of(size: u32) -> ListQuery {
    ListQuery::new(NonZeroU32::new(size).unwrap())
}

#[tokio::test]
async fn eng_138_pages_come_newest_first_and_are_stable_under_inserts() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(bench.parked("approval", json!({})).await);
        bench.pass(1).await;
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut query = pages_of(3);
    loop {
        let page = bench.engine.list(query.clone(), &caller()).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items.into_iter().map(|item| item.journey_id));
        bench.parked("approval", json!({})).await;
        let Some(token) = page.next_page_token else { break };
        query.page_token = Some(token);
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn eng_138_filters_are_combined() {
    let metadata = "metadata: { bindings: { tags: { fromHeaders: [{ header: X-Tag }] }, attributes: { fromPayload: { orderId: { path: order } } } } }";
    let bench =
        Bench::new(&[journey("tagged", &format!("{metadata}\n{APPROVAL}")), journey("plain", APPROVAL)])
            .await;
    for (tag, order) in [("a", "1"), ("a", "2"), ("b", "1")] {
        let request = StartRequest::new("tagged", json!({ "order": order })).unwrap();
        let _ = bench.engine.start(request, &caller_with(&[("x-tag", tag)])).await.unwrap();
    }
    let plain = bench.parked("plain", json!({})).await;
    bench.cancel(&plain).await.unwrap();
    let count = async |change: &dyn Fn(&mut ListQuery)| {
        let mut query = pages_of(10);
        change(&mut query);
        bench.engine.list(query, &caller()).await.unwrap().items.len()
    };
    assert_eq!(count(&|_| ()).await, 4);
    assert_eq!(count(&|query| query.journey = Some("plain".parse().unwrap())).await, 1);
    assert_eq!(count(&|query| query.phase = Some(Phase::Failed)).await, 1);
    assert_eq!(count(&|query| query.tags = vec!["a".to_owned()]).await, 2);
    let order = |query: &mut ListQuery| drop(query.attributes.insert("orderId".to_owned(), "1".to_owned()));
    assert_eq!(count(&order).await, 2);
    let both = |query: &mut ListQuery| {
        query.tags = vec!["b".to_owned()];
        order(query);
    };
    assert_eq!(count(&both).await, 1);
}

#[tokio::test]
async fn http_082_a_token_of_other_filters_is_refused() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    for _ in 0..2 {
        bench.parked("approval", json!({})).await;
    }
    let mut query = pages_of(1);
    query.page_token = bench.engine.list(query.clone(), &caller()).await.unwrap().next_page_token;
    assert_eq!(
        bench.engine.list(query.clone(), &caller()).await.unwrap().next_page_token,
        None,
        "the last page"
    );
    query.phase = Some(Phase::Running);
    assert_eq!(kind(bench.engine.list(query.clone(), &caller()).await), EngineErrorKind::InvalidInput);
    query.page_token = Some("nonsense".to_owned());
    assert_eq!(kind(bench.engine.list(query, &caller()).await), EngineErrorKind::InvalidInput);
}

/// The five attributes of HTTP-081, one by one and all at once.
#[tokio::test]
async fn eng_138_every_attribute_that_lists_ask_for_is_found() {
    const NAMES: [&str; 5] = ["subjectId", "tenantId", "orderId", "paymentIntentId", "crmCaseId"];
    let sources: Vec<_> = NAMES.iter().map(|name| format!("{name}: {{ path: {name} }}")).collect();
    let metadata = format!(
        "metadata: {{ bindings: {{ attributes: {{ fromPayload: {{ {} }} }} }} }}",
        sources.join(", ")
    );
    let bench = Bench::new(&[journey("tagged", &format!("{metadata}\n{APPROVAL}"))]).await;
    // One run for each set of attributes: bit n tells whether the n-th has the value that is asked for.
    for set in 0..32_u32 {
        let value = |at: usize| if set >> at & 1 == 1 { "wanted" } else { "other" };
        let body = NAMES.iter().enumerate().map(|(at, name)| ((*name).to_owned(), json!(value(at))));
        bench.parked("tagged", body.collect::<serde_json::Map<_, _>>().into()).await;
    }
    for asked in 0..32_u32 {
        let mut query = pages_of(50);
        let names = NAMES.iter().enumerate().filter(|(at, _)| asked >> at & 1 == 1);
        query.attributes = names.map(|(_, name)| ((*name).to_owned(), "wanted".to_owned())).collect();
        let found = bench.engine.list(query, &caller()).await.unwrap().items.len();
        assert_eq!(found, 1 << (5 - asked.count_ones()), "{asked:05b}");
    }
}
