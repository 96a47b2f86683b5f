//! OpenAPI documents of definitions, as their readers take them (HTTP-090 to HTTP-094).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jf_dsl::{Catalog, Loaded, SourceFile, StaticCapabilities, load};
use jf_export::{OpenApi, openapi, openapi_of_catalog};
use serde_json::{Value, json};

fn loaded(name: &str, text: &str) -> Loaded {
    load(&SourceFile::new(name, text), &StaticCapabilities::full())
        .unwrap_or_else(|faults| panic!("{name}: {faults}"))
}

fn journey(name: &str, version: &str, spec: &str) -> Loaded {
    let text = format!(
        "apiVersion: v1\nkind: Journey\nmetadata: {{ name: {name}, version: {version} }}\nspec:\n{spec}"
    );
    loaded(name, &text)
}

const APPROVAL: &str = "
  start: approve
  input:
    schema:
      type: object
      required: [orderId, tenant]
      properties: { orderId: { $ref: '#/$defs/id' }, tenant: { type: string } }
      $defs: { id: { type: string, minLength: 3 } }
  output:
    schema: { type: object, properties: { approved: { type: boolean } } }
    response: { outputVar: receipt, schema: { type: object, properties: { receiptNo: { type: string } } } }
  bindings:
    http:
      start: { headersToContext: { X-Tenant: tenant }, queryToContext: { debug: flags.debug }, headersPassthrough: [{ from: X-Request-Id, to: X-Request-Id }] }
      steps: { approve: { queryToContext: { by: approver } } }
  states:
    approve:
      type: wait
      wait:
        input: { schema: { type: object, required: [decision] } }
        response: { outputVar: receipt, schema: { type: object, properties: { receiptNo: { type: string } } } }
      next: done
    done: { type: succeed }
";

/// Every reference leads to something, and every operation has an id of its own.
fn is_sound(document: &Value) {
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference
                        .strip_prefix('#')
                        .unwrap_or_else(|| panic!("{reference} leaves the document"));
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
    let mut ids = BTreeSet::new();
    let mut targets = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            for response in operation["responses"].as_object().unwrap().values() {
                let links = response["links"].as_object().into_iter().flatten();
                targets.extend(links.map(|(_, link)| link["operationId"].as_str().unwrap()));
            }
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} is there twice");
            let templated = path.contains("{journeyId}");
            let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            let declared = parameters.iter().any(|one| one["$ref"] == "#/components/parameters/JourneyId");
            assert_eq!(templated, declared, "{path}");
        }
    }
    assert!(targets.is_subset(&ids), "links lead to {targets:?}, there are {ids:?}");
}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn parameters(operation: &Value) -> Vec<(&str, &str)> {
    let parameters = operation["parameters"].as_array().unwrap();
    let named = parameters.iter().filter(|one| one.get("name").is_some());
    named.map(|one| (one["in"].as_str().unwrap(), one["name"].as_str().unwrap())).collect()
}

#[test]
fn http_091_a_synchronous_start_gives_the_outcome_or_the_status() {
    let definition = journey("order-approval", "1.0.0", APPROVAL);
    let document = openapi(&definition.definition, &OpenApi::default());
    is_sound(&document);
    let start = &document["paths"]["/journeys/order-approval/start"]["post"];
    assert_eq!(
        statuses(start),
        ["200", "400", "403", "404", "405", "413", "415", "422", "429", "431", "500", "503"]
    );
    assert_eq!(
        start["responses"]["200"]["content"]["application/json"]["schema"],
        json!({ "anyOf": [
            { "$ref": "#/components/schemas/order-approval.Outcome" },
            { "$ref": "#/components/schemas/JourneyStatus" },
        ] })
    );
    assert_eq!(
        document["components"]["schemas"]["order-approval.Outcome"],
        json!({ "allOf": [
            { "$ref": "#/components/schemas/JourneyOutcome" },
            { "properties": {
                "journeyName": { "const": "order-approval" },
                "error": { "properties": { "problem": { "$ref": "#/components/schemas/Failure" } } },
                "output": { "anyOf": [{ "$ref": "#/components/schemas/order-approval.Output" }, { "type": "null" }] }
            } },
            { "$ref": "#/components/schemas/order-approval.Projection" },
        ] })
    );
}

#[test]
fn http_091_an_asynchronous_start_gives_the_address_alone() {
    let definition =
        journey("order-approval", "1.0.0", &format!("  lifecycle: {{ startMode: async }}{APPROVAL}"));
    let document = openapi(&definition.definition, &OpenApi::default());
    let start = &document["paths"]["/journeys/order-approval/start"]["post"];
    assert_eq!(statuses(start)[0], "202");
    assert_eq!(
        start["responses"]["202"]["content"]["application/json"]["schema"],
        json!({ "$ref": "#/components/schemas/JourneyStartResponse" })
    );
    assert!(start["responses"]["202"]["headers"]["Location"].is_object());
}

#[test]
fn http_094_projected_members_are_not_required_of_the_body() {
    let definition = journey("order-approval", "1.0.0", APPROVAL);
    let document = openapi(&definition.definition, &OpenApi::default());
    let start = &document["paths"]["/journeys/order-approval/start"]["post"];
    assert_eq!(parameters(start), [("query", "debug"), ("header", "X-Tenant"), ("header", "X-Request-Id")]);
    assert_eq!(start["requestBody"]["required"], true);
    let input = &document["components"]["schemas"]["order-approval.Input"];
    assert_eq!(input["required"], json!(["orderId"]));
    assert_eq!(input["properties"]["orderId"]["$ref"], "#/components/schemas/order-approval.Input/$defs/id");
}

#[test]
fn http_092_each_step_has_an_address_with_its_schemas() {
    let definition = journey("order-approval", "1.0.0", APPROVAL);
    let document = openapi(&definition.definition, &OpenApi::default());
    let step = &document["paths"]["/journeys/{journeyId}/steps/approve"]["post"];
    assert_eq!(
        step["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/order-approval.approve.Input"
    );
    assert_eq!(
        step["responses"]["200"]["content"]["application/json"]["schema"],
        json!({ "allOf": [
            { "$ref": "#/components/schemas/JourneyStatus" },
            { "$ref": "#/components/schemas/order-approval.approve.Projection" },
        ] })
    );
    assert_eq!(parameters(step), [("query", "by")]);
    assert!(statuses(step).contains(&"409") && statuses(step).contains(&"412"));
}

#[test]
fn http_092_without_steps_there_is_the_cancellation_only() {
    let definition = journey("plain", "1.0.0", "  start: done\n  states: { done: { type: succeed } }\n");
    let document = openapi(&definition.definition, &OpenApi::default());
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/journeys/{journeyId}",
            "/journeys/{journeyId}/result",
            "/journeys/{journeyId}/events",
            "/journeys/plain/start",
            "/journeys/{journeyId}/steps/cancel",
        ]
    );
    let start = &document["paths"]["/journeys/plain/start"]["post"];
    assert_eq!(start["requestBody"]["content"]["application/json"]["schema"], json!({ "type": "object" }));
    assert_eq!(start["requestBody"]["required"], false);
}

#[test]
fn http_093_an_api_has_the_statuses_of_its_rules() {
    let api = loaded(
        "quote",
        "
apiVersion: v1
kind: Api
metadata: { name: quote, version: 1.0.0 }
spec:
  start: done
  input: { schema: { type: object } }
  output: { schema: { type: object, required: [price] } }
  bindings:
    http:
      route: { path: /quotes }
      apiResponses:
        rules:
          - when: { phase: SUCCEEDED, predicate: { lang: jq, expr: '.context.isNew' } }
            status: 201
          - when: { phase: FAILED, errorType: NOT_SOLD }
            status: 404
        default: { SUCCEEDED: 203 }
  states: { done: { type: succeed } }
",
    );
    let document = openapi(&api.definition, &OpenApi::default());
    is_sound(&document);
    assert_eq!(document["paths"].as_object().unwrap().len(), 1);
    let call = &document["paths"]["/quotes"]["post"];
    for status in ["201", "203"] {
        let schema = &call["responses"][status]["content"]["application/json"]["schema"];
        assert_eq!(schema["$ref"], "#/components/schemas/quote.Output", "{status}");
    }
    assert!(call["responses"]["503"]["headers"]["Retry-After"].is_object());
    for status in ["400", "404", "413", "415", "500", "503", "504", "4XX", "5XX"] {
        let schema = &call["responses"][status]["content"]["application/problem+json"]["schema"];
        assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{status}");
    }
}

#[test]
fn http_093_a_custom_envelope_is_an_open_object() {
    let api = loaded(
        "quote",
        "
apiVersion: v1
kind: Api
metadata: { name: quote, version: 1.0.0 }
spec:
  start: done
  errors: { envelope: { format: custom, mapper: { lang: jq, expr: '{ code: .problem.type }' } } }
  bindings: { http: { apiResponses: { default: { SUCCEEDED: 204, FAILED: 422 } } } }
  states: { done: { type: succeed } }
",
    );
    let document = openapi(&api.definition, &OpenApi::default());
    let responses = &document["paths"]["/apis/quote"]["post"]["responses"];
    assert_eq!(
        responses["422"]["content"],
        json!({ "application/json": { "schema": { "type": "object" } } })
    );
    assert!(responses["204"].get("content").is_none());
    assert!(responses.get("4XX").is_none());
}

#[test]
fn http_090_a_catalog_has_every_definition_and_shared_addresses_once() {
    let other = "
  start: approve
  states:
    approve: { type: wait, wait: { input: { schema: { type: string } } }, next: done }
    done: { type: succeed }
";
    let catalog = Catalog::new(vec![
        journey("order-approval", "1.0.0", APPROVAL),
        journey("order-approval", "2.0.0", other),
        journey("leave", "1.0.0", other),
    ])
    .unwrap();
    let document = openapi_of_catalog(
        &catalog,
        &OpenApi::default().with_list(true).with_server("https://x.example/api/v1"),
    );
    is_sound(&document);
    assert_eq!(document["servers"][0]["url"], "https://x.example/api/v1");
    assert!(document["paths"]["/journeys"]["get"].is_object());
    let step = &document["paths"]["/journeys/{journeyId}/steps/approve"]["post"];
    let bodies = step["requestBody"]["content"]["application/json"]["schema"]["anyOf"].as_array().unwrap();
    let names: BTreeSet<&str> = bodies.iter().map(|one| one["$ref"].as_str().unwrap()).collect();
    let place = "#/components/schemas/";
    let expected =
        ["leave.approve.Input", "order-approval-1.0.0.approve.Input", "order-approval.approve.Input"];
    assert_eq!(
        names,
        expected
            .iter()
            .map(|name| format!("{place}{name}"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect()
    );
    let start = &document["paths"]["/journeys/order-approval/start"]["post"];
    assert_eq!(start["requestBody"]["required"], false, "the serving version takes anything");
}

#[test]
fn http_090_states_of_one_id_keep_their_schemas_apart() {
    let spec = "
  start: both
  states:
    both:
      type: parallel
      parallel:
        branches:
          - { name: a, start: 'ask {it}', states: { 'ask {it}': { type: wait, wait: { input: { schema: { type: string } } }, next: end }, end: { type: succeed } } }
          - { name: b, start: 'ask {it}', states: { 'ask {it}': { type: wait, wait: { input: { schema: { type: number } } }, next: end }, end: { type: succeed } } }
        join: { strategy: allOf, mapper: { lang: jq, expr: '.branches' }, resultVar: answers }
      next: done
    done: { type: succeed }
"
    .replace("ask {it}", "ask{it}");
    let document = openapi(&journey("twice", "1.0.0", &spec).definition, &OpenApi::default());
    is_sound(&document);
    let step = &document["paths"]["/journeys/{journeyId}/steps/ask%7Bit%7D"]["post"];
    let bodies = step["requestBody"]["content"]["application/json"]["schema"]["anyOf"].as_array().unwrap();
    let types: Vec<&Value> = bodies
        .iter()
        .map(|one| &document.pointer(&one["$ref"].as_str().unwrap()[1..]).unwrap()["type"])
        .collect();
    assert_eq!(types, ["string", "number"]);
}

#[test]
fn eng_120_headers_that_label_runs_are_parameters() {
    let spec = "
  start: done
  metadata:
    bindings:
      tags: { fromHeaders: [{ header: X-Channel }], fromBaggage: [{ key: campaign }] }
      attributes: { fromHeaders: { tenantId: { header: X-Tenant } } }
  states: { done: { type: succeed } }
";
    let document = openapi(&journey("labels", "1.0.0", spec).definition, &OpenApi::default());
    let start = &document["paths"]["/journeys/labels/start"]["post"];
    assert_eq!(parameters(start), [("header", "X-Channel"), ("header", "X-Tenant"), ("header", "baggage")]);
}

#[test]
fn http_060_cookies_come_with_results_only() {
    let spec = "
  start: done
  cookies: { jar: { domains: [{ pattern: shop.example }] }, returnToClient: { mode: allFromAllowedDomains } }
  states: { done: { type: succeed } }
";
    let document = openapi(&journey("baker", "1.0.0", spec).definition, &OpenApi::default());
    is_sound(&document);
    let paths = &document["paths"];
    let start = &paths["/journeys/baker/start"]["post"];
    let result = &paths["/journeys/{journeyId}/result"];
    for operation in [start, &result["get"]] {
        assert!(operation["responses"]["200"]["headers"]["Set-Cookie"].is_object(), "{operation}");
    }
    assert!(result["head"]["responses"]["200"]["headers"]["Set-Cookie"].is_null());
    let status = &paths["/journeys/{journeyId}"]["get"];
    assert!(status["responses"]["200"]["headers"]["Set-Cookie"].is_null());
}

#[test]
fn http_003_every_get_has_a_head_with_its_statuses_and_no_content() {
    let definition = journey("order-approval", "1.0.0", APPROVAL);
    let document = openapi(&definition.definition, &OpenApi::default());
    let reads = document["paths"].as_object().unwrap().values().filter(|item| item["get"].is_object());
    let mut count = 0;
    for item in reads {
        assert_eq!(statuses(&item["get"]), statuses(&item["head"]));
        let answers = item["head"]["responses"].as_object().unwrap();
        assert!(answers.values().all(|answer| answer["content"].is_null() && answer["$ref"].is_null()));
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn http_028_preflights_are_there_when_other_origins_are_answered() {
    let definition = journey("order-approval", "1.0.0", APPROVAL);
    for cross_origin in [false, true] {
        let options = OpenApi::default().with_cross_origin(cross_origin);
        let document = openapi(&definition.definition, &options);
        is_sound(&document);
        for (path, item) in document["paths"].as_object().unwrap() {
            assert_eq!(item["options"]["responses"]["204"].is_object(), cross_origin, "{path}");
        }
    }
}

#[test]
fn http_006_hidden_definitions_are_left_out_of_a_catalog() {
    let plain = "  start: done\n  states: { done: { type: succeed } }\n";
    let names = ["shown", "hidden"];
    let catalog = Catalog::new(names.map(|name| journey(name, "1.0.0", plain)).to_vec()).unwrap();
    let options = OpenApi::default().without_journey("hidden".parse().unwrap());
    let document = openapi_of_catalog(&catalog, &options);
    assert!(document["paths"]["/journeys/shown/start"].is_object());
    assert!(!document.to_string().contains("hidden"));
    // An Api of the name is another thing.
    let options = OpenApi::default().without_api("hidden".parse().unwrap());
    assert!(openapi_of_catalog(&catalog, &options).to_string().contains("hidden"));
}

fn definitions(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            definitions(&path, found);
        } else if path.to_string_lossy().ends_with(".journey.yaml") {
            found.push(path);
        }
    }
}

#[test]
fn http_090_every_definition_of_the_repository_has_a_sound_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    ["examples", "tests/journeys"].iter().for_each(|folder| definitions(&root.join(folder), &mut found));
    assert!(found.len() > 5, "only {} definitions", found.len());
    for path in found {
        let source = SourceFile::from_path(&path).unwrap();
        let Ok(loaded) = load(&source, &StaticCapabilities::full()) else { continue };
        is_sound(&openapi(&loaded.definition, &OpenApi::default()));
    }
}
