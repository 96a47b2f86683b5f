//! Definitions that are deployed together: which version serves, who answers on which path (DEF-028, DEF-191, WS-012).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeMap;

use jf_dsl::{
    Catalog, DefinitionName, Diagnostics, Kind, Loaded, SourceFile, StaticCapabilities, Version, load,
};

fn definition(kind: &str, name: &str, version: &str, spec: &str) -> Loaded {
    let text = format!(
        "apiVersion: v1\nkind: {kind}\nmetadata: {{ name: {name}, version: {version} }}\nspec:\n  input: {{ schema: {{}} }}\n  \
         output: {{ schema: {{}} }}\n{spec}  start: ask\n  states:\n    ask: {{ type: {state}, next: done }}\n    done: {{ type: succeed }}\n",
        state = if kind == "Api" {
            "transform, transform: { lang: jq, expr: .context }"
        } else {
            "wait, wait: { input: { schema: {} } }"
        },
    );
    let source = SourceFile::new(format!("{name}-{version}.journey.yaml"), text);
    load(&source, &StaticCapabilities::full()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn journey(name: &str, version: &str) -> Loaded {
    definition("Journey", name, version, "")
}

fn websocket(name: &str, version: &str, path: &str, start: &str, step: &str) -> Loaded {
    let spec = format!(
        "  bindings:\n    websocket:\n      endpoint: {{ path: {path} }}\n      start: {{ messageType: {start} }}\n      steps: {{ ask: {{ messageType: {step} }} }}\n"
    );
    definition("Journey", name, version, &spec)
}

fn rules(refused: Result<Catalog, Diagnostics>) -> Vec<(&'static str, String)> {
    refused.unwrap_err().iter().map(|item| (item.rule, item.path.to_string())).collect()
}

fn pin(name: &str, version: &str) -> BTreeMap<DefinitionName, Version> {
    BTreeMap::from([(name.parse().unwrap(), version.parse().unwrap())])
}

#[test]
fn def_028_the_highest_release_serves_unless_pinned() {
    let versions = || ["1.9.0", "1.10.0", "2.0.0-rc.1"].map(|version| journey("a", version)).to_vec();
    let serving = |catalog: &Catalog| catalog.journey("a").unwrap().definition.version().to_string();
    let catalog = Catalog::new(versions()).unwrap();
    assert_eq!(serving(&catalog), "1.10.0", "a pre-release serves only where nothing else is deployed");
    assert_eq!(catalog.iter().count(), 3);
    let old = "1.9.0".parse().unwrap();
    assert!(catalog.version(Kind::Journey, "a", &old).is_some(), "old versions stay for their runs");
    assert_eq!(serving(&Catalog::with_pins(versions(), &pin("a", "1.9.0")).unwrap()), "1.9.0");
    assert_eq!(serving(&Catalog::new(vec![journey("a", "2.0.0-rc.1")]).unwrap()), "2.0.0-rc.1");
    let missing = Catalog::with_pins(versions(), &pin("a", "3.0.0"));
    assert_eq!(rules(missing), [("DEF-028", "$".to_owned())]);
}

#[test]
fn def_027_journeys_and_apis_have_their_own_names() {
    let catalog = Catalog::new(vec![journey("a", "1.0.0"), definition("Api", "a", "2.0.0", "")]).unwrap();
    assert_eq!(catalog.journey("a").unwrap().definition.kind, Kind::Journey);
    assert_eq!(catalog.api("a").unwrap().definition.kind, Kind::Api);
    assert_eq!(catalog.serving(Kind::Api).count(), 1);
    assert!(catalog.journey("b").is_none() && !catalog.is_empty() && Catalog::default().is_empty());
}

#[test]
fn def_191_apis_are_found_by_their_path() {
    let routed = |version: &str, path: &str| {
        definition(
            "Api",
            "price",
            version,
            &format!("  bindings: {{ http: {{ route: {{ path: {path} }} }} }}\n"),
        )
    };
    let catalog = Catalog::new(vec![
        routed("1.0.0", "/prices"),
        routed("2.0.0", "/prices/v2"),
        definition("Api", "stock", "1.0.0", ""),
    ])
    .unwrap();
    let at = |path: &str| catalog.api_at(path).map(|loaded| loaded.definition.name().to_string());
    assert_eq!(at("/apis/stock").as_deref(), Some("stock"), "DEF-189: the default");
    assert_eq!(at("/prices/v2").as_deref(), Some("price"));
    assert_eq!(at("/prices"), None, "the path of the serving version counts");
    assert_eq!(at("/apis/price"), None, "HTTP-002: one address");
    assert_eq!(catalog.api_routes().count(), 2);
}

#[test]
fn ws_012_message_types_of_a_path_select_the_operation() {
    let catalog = Catalog::new(vec![
        websocket("a", "1.0.0", "/ws/orders", "a.begin", "a.old"),
        websocket("a", "1.1.0", "/ws/orders", "a.start", "a.step"),
        websocket("b", "1.0.0", "/ws/orders", "a.start", "b.step"),
        websocket("c", "1.0.0", "/ws/other", "a.step", "a.start"),
        journey("d", "1.0.0"),
    ])
    .unwrap();
    let endpoint = catalog.endpoint("/ws/orders").unwrap();
    let starts: Vec<&str> = endpoint.starts("a.start").iter().map(DefinitionName::as_str).collect();
    assert_eq!(starts, ["a", "b"], "RT-4: several candidates");
    assert!(endpoint.starts("a.begin").is_empty(), "only serving versions start runs");
    let old = &catalog.version(Kind::Journey, "a", &"1.0.0".parse().unwrap()).unwrap().definition;
    assert_eq!(endpoint.steps(old, "a.old").len(), 1, "RT-11: old versions keep their steps");
    assert!(endpoint.steps(old, "a.step").is_empty());
    assert!(endpoint.is_step_type("b.step") && !endpoint.is_step_type("a.start"));
    assert_eq!(endpoint.definitions().len(), 3);
    assert_eq!(
        catalog.endpoints().map(|(path, _)| path).collect::<Vec<_>>(),
        ["/ws/orders", "/ws/other"],
        "WS-003"
    );
}

#[test]
fn ws_012_conflicts_refuse_the_second_definition() {
    let first = || websocket("a", "1.0.0", "/ws/x", "a.start", "a.step");
    for (start, step) in [("a.step", "b.step"), ("b.start", "a.start")] {
        let second = websocket("b", "1.0.0", "/ws/x", start, step);
        let refused = Catalog::new(vec![first(), second]).unwrap_err();
        let item = refused.iter().next().unwrap();
        assert_eq!(
            (item.rule, item.path.to_string().as_str()),
            ("WS-012", "$.spec.bindings.websocket.endpoint")
        );
        assert_eq!(item.source.as_ref().unwrap().name(), "b-1.0.0.journey.yaml");
    }
    // Versions of one name are judged like different definitions.
    let renamed = websocket("a", "2.0.0", "/ws/x", "a.step", "a.ask");
    assert_eq!(rules(Catalog::new(vec![first(), renamed]))[0].0, "WS-012");
}

#[test]
fn ws_006_paths_of_the_server_are_taken() {
    for path in ["/api", "/api/v1/x", "/livez", "/readyz"] {
        let refused = Catalog::new(vec![websocket("a", "1.0.0", path, "a.start", "a.step")]);
        assert_eq!(
            rules(refused),
            [("WS-006", "$.spec.bindings.websocket.endpoint.path".to_owned())],
            "{path}"
        );
    }
    assert!(Catalog::new(vec![websocket("a", "1.0.0", "/apis", "a.start", "a.step")]).is_ok());
}

#[test]
fn def_010_all_conflicts_are_reported() {
    let refused = Catalog::new(vec![
        journey("a", "1.0.0"),
        definition("Journey", "a", "1.0.0", "  lifecycle: { startMode: async }\n"),
        definition("Api", "p", "1.0.0", ""),
        definition("Api", "q", "1.0.0", "  bindings: { http: { route: { path: /apis/p } } }\n"),
    ]);
    let expected = [
        ("DEF-029", "$.metadata.version".to_owned()),
        ("DEF-191", "$.spec.bindings.http.route.path".to_owned()),
    ];
    assert_eq!(rules(refused), expected);
}
