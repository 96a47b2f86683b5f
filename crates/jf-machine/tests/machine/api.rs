use jf_core::{EngineErrorKind, JourneyId, Problem};
use jf_machine::{ApiAnswer, Diagnostic, Env, Fact, api_answer, api_refusal};
use serde_json::{Value, json};

use crate::support::{World, program};

fn answer(states: &str, responses: &str, input: Value) -> ApiAnswer {
    let spec = format!(
        "start: end\nstates:\n{states}input: {{ schema: {{ type: object }} }}\noutput: {{ schema: {{}} }}\nbindings: {{ http: {{ apiResponses: {{ {responses} }} }} }}\n"
    );
    let world = World::start(program("Api", &spec), input);
    answer_of(&world)
}

fn answer_of(world: &World) -> ApiAnswer {
    api_answer(
        &world.program,
        &world.run,
        &Env::new(world.now, 1, &world.epoch, &world.platform, &world.limits),
    )
}

fn refused(world: &World, problem: Problem) -> ApiAnswer {
    let env = Env::new(world.now, 1, &world.epoch, &world.platform, &world.limits);
    api_refusal(&world.program, problem, &JourneyId::parse("request").unwrap(), None, &env)
}

/// An envelope made by the given mapper.
fn custom(mapper: &str) -> String {
    format!("errors: {{ envelope: {{ format: custom, mapper: {{ lang: mini, expr: '{mapper}' }} }} }}\n")
}

const SUCCEED: &str = "  end: { type: succeed, outputVar: out }\n";
const FAIL: &str = "  end: { type: fail, errorCode: '${context.problem.type}', reason: why }\n";

fn when(condition: &str, status: &str) -> String {
    format!("{{ when: {{ {condition} }}, {status} }}")
}

#[test]
fn http_066_success_is_the_output_with_200() {
    let answer = answer(SUCCEED, "", json!({ "out": [1] }));
    assert_eq!((answer.reply.status, answer.reply.body, answer.reply.is_problem), (200, json!([1]), false));
}

/// Also HTTP-073, HTTP-070.
#[test]
fn http_068_failure_takes_the_status_of_the_problem_if_it_is_an_error_status() {
    for (status, sent) in [
        (json!(404), 404),
        (json!(409.0), 409),
        (json!(599), 599),
        (json!(200), 500),
        (json!(399), 500),
        (json!(600), 500),
        (json!("404"), 500),
        (json!(404.5), 500),
        (Value::Null, 500),
    ] {
        let answer = answer(FAIL, "", json!({ "problem": { "type": "E", "status": status, "x": 1 } }));
        assert_eq!((answer.reply.status, answer.reply.is_problem), (sent, true), "{status}");
        let body = json!({ "type": "E", "title": "why", "x": 1, "status": sent });
        assert_eq!(answer.reply.body, body, "HTTP-073");
    }
}

/// Also HTTP-070, EXP-013.
#[test]
fn http_067_the_first_matching_rule_gives_the_status() {
    let rules = [
        when(
            "phase: SUCCEEDED, predicate: { lang: mini, expr: '{\"$eq\":[\"=output.n\",1]}' }",
            "status: 201",
        ),
        when(
            "phase: SUCCEEDED, predicate: { lang: mini, expr: '{\"$eq\":[\"=payload.output.n\",2]}' }",
            "status: 202",
        ),
        when(
            "phase: SUCCEEDED, predicate: { lang: mini, expr: '{\"$eq\":[\"=context.out.n\",3]}' }",
            "status: 203",
        ),
        when("phase: FAILED, errorType: special", "status: 418"),
        when(
            "phase: FAILED, predicate: { lang: mini, expr: '{\"$eq\":[\"=error.type\",\"a\"]}' }",
            "status: 401",
        ),
        when(
            "phase: FAILED, predicate: { lang: mini, expr: '{\"$eq\":[\"=payload.error.type\",\"b\"]}' }",
            "status: 402",
        ),
        when("phase: FAILED, errorType: ok", "status: 200"),
    ];
    let rules = format!("rules: [{}], default: {{ SUCCEEDED: 299, FAILED: 599 }}", rules.join(", "));
    for (n, status) in [(1, 201), (2, 202), (3, 203), (4, 299)] {
        let answer = answer(SUCCEED, &rules, json!({ "out": { "n": n } }));
        assert_eq!((answer.reply.status, answer.reply.body), (status, json!({ "n": n })), "HTTP-070");
    }
    for (error_type, status) in [("special", 418), ("a", 401), ("b", 402), ("c", 599), ("ok", 200)] {
        let answer = answer(FAIL, &rules, json!({ "problem": { "type": error_type } }));
        assert_eq!(
            (answer.reply.status, answer.reply.body["status"].clone()),
            (status, json!(status)),
            "EXP-013"
        );
    }
}

/// Also HTTP-069.
#[test]
fn exp_021_a_status_expression_is_an_integer() {
    let rules =
        format!("rules: [{}]", when("phase: SUCCEEDED", "statusExpr: { lang: mini, expr: '\"=output\"' }"));
    for (out, status) in [(json!(201), 201), (json!(202.0), 202), (json!(599), 599)] {
        assert_eq!(answer(SUCCEED, &rules, json!({ "out": out })).reply.status, status);
    }
    for out in
        [json!("201"), json!(201.5), json!(600), json!(99), json!(150), json!(null), json!(-1), json!(1e300)]
    {
        let answer = answer(SUCCEED, &rules, json!({ "out": out }));
        assert_eq!((answer.reply.status, answer.reply.is_problem), (500, true), "HTTP-069: {out}");
        assert_eq!(answer.reply.body["type"], "urn:journeyforge:error:internal");
    }
}

/// Also EXP-043.
#[test]
fn http_069_a_rule_that_fails_makes_the_answer_internal() {
    let predicate = when("phase: SUCCEEDED, predicate: { lang: mini, expr: '{\"$fail\":1}' }", "status: 201");
    let status = when("phase: SUCCEEDED", "statusExpr: { lang: mini, expr: '{\"$fail\":1}' }");
    for rule in [predicate, status] {
        let answer = answer(SUCCEED, &format!("rules: [{rule}]"), json!({ "out": 1 }));
        assert_eq!(answer.reply.status, 500);
        let told = |fact: &Fact| matches!(fact, Fact::Diagnostic(Diagnostic::ExpressionFailed { code, .. }) if code == "MN_NULL_DEREFERENCE");
        assert!(answer.facts.iter().any(told), "EXP-043");
    }
}

#[test]
fn http_071_a_deadline_is_504_by_default() {
    let spec = "
start: call
states:
  call: { type: task, task: { kind: 'fake:v1' }, next: done }
  done: { type: succeed }
execution: { maxDurationSec: 1, onTimeout: { errorCode: SLOW, reason: r } }
";
    let mut world = World::start(program("Api", spec), json!({}));
    assert_eq!(answer_of(&world).reply.status, 500, "not ended yet");
    world.pass(1);
    assert_eq!(answer_of(&world).reply.status, 504);
}

#[test]
fn http_073_refused_calls_keep_their_status() {
    let world =
        World::prepared(program("Api", "start: e\nstates: { e: { type: succeed } }\n"), json!({}), |_| {});
    let reply = refused(&world, Problem::of(EngineErrorKind::TooLarge)).reply;
    assert_eq!((reply.status, reply.is_problem), (413, true));
    assert_eq!(reply.body["type"], "urn:journeyforge:error:too-large");
}

/// Also DEF-173, EXP-011, HTTP-067, HTTP-073.
#[test]
fn http_074_errors_in_the_envelope_of_the_definition() {
    let spec = format!(
        "start: end\nstates: {{ end: {{ type: fail, errorCode: E, reason: why }} }}\nbindings: {{ http: {{ apiResponses: {{ rules: [{}] }} }} }}\n{}",
        when("phase: FAILED, errorType: E", "status: 418"),
        custom(
            r#"{"what":"=error.title","same":{"$eq":["=payload","=error"]},"of":"=context.k","run":"=platform.run.id"}"#
        )
    );
    let world = World::start(program("Api", &spec), json!({ "k": 7 }));
    let reply = answer_of(&world).reply;
    let body = json!({ "what": "why", "same": true, "of": 7, "run": "r1" });
    assert_eq!((reply.status, reply.body, reply.is_problem), (418, body, false), "rules judge the Problem");
    let refusal = refused(&world, Problem::of(EngineErrorKind::TooLarge)).reply;
    assert_eq!((refusal.status, &refusal.body["what"]), (413, &json!("Too Large")), "input errors as well");
    assert_eq!(refusal.body["run"], "request");
}

/// Also EXP-010, EXP-011.
#[test]
fn http_074_an_envelope_sees_the_last_context_without_rules_for_the_status_too() {
    let spec = format!(
        "start: end\nstates: {{ end: {{ type: fail, errorCode: E, reason: why }} }}\n{}",
        custom(r#"{"of":"=context.k"}"#)
    );
    let world = World::start(program("Api", &spec), json!({ "k": 7 }));
    assert_eq!(answer_of(&world).reply.body, json!({ "of": 7 }));
}

#[test]
fn http_075_an_envelope_that_cannot_be_made_is_the_internal_problem() {
    for mapper in ["{\"$fail\":1}", "7"] {
        let spec = format!(
            "start: end\nstates: {{ end: {{ type: fail, errorCode: E, reason: why }} }}\n{}",
            custom(mapper)
        );
        let world = World::start(program("Api", &spec), json!({}));
        let answer = answer_of(&world);
        assert_eq!((answer.reply.status, answer.reply.is_problem), (500, true));
        assert_eq!(answer.reply.body["type"], "urn:journeyforge:error:internal");
        assert!(matches!(
            answer.facts[..],
            [Fact::Diagnostic(Diagnostic::ExpressionFailed { site: "error envelope", .. })]
        ));
    }
}

/// Also ENG-026.
#[test]
fn http_075_the_error_of_an_outcome_in_its_envelope() {
    let ended = |mapper: &str| {
        let spec = format!(
            "start: end\nstates: {{ end: {{ type: fail, errorCode: E, reason: why }} }}\n{}",
            custom(mapper)
        );
        World::start(program("Journey", &spec), json!({ "k": 7 }))
    };
    let shown = |world: &World| serde_json::to_value(world.outcome().error.as_ref().unwrap()).unwrap();
    let world = ended(r#"{"code":"mine","of":"=context.k","title":"=payload.title"}"#);
    assert_eq!(
        shown(&world),
        json!({ "code": "E", "reason": "why", "of": 7, "title": "why" }),
        "set over it"
    );
    for mapper in ["{\"$fail\":1}", "7"] {
        let world = ended(mapper);
        assert_eq!(shown(&world), json!({ "code": "E", "reason": "why" }));
        assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Diagnostic(_))));
    }
}
