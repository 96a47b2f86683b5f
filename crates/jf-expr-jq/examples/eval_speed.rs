//! Prints what evaluations cost: `cargo run --release -p jf-expr-jq --example eval_speed`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, EvalContext, EvalLimits, ExpressionEngine, Site};
use jf_expr_jq::JaqEngine;
use serde_json::json;

const PROGRAMS: [(SiteClass, &str); 6] = [
    (SiteClass::Predicate, ".context.amount > 1000"),
    (
        SiteClass::Predicate,
        r#".context.kind == "card" and (.context.amount > 1000 or $platform.environment == "test")"#,
    ),
    (SiteClass::Predicate, r#".context.customer.email | test("^[^@]+@[^@]+$")"#),
    (SiteClass::Transform, "{id: .context.id, total: (.context.amount * 1.19), customer: .context.customer}"),
    (SiteClass::Transform, "[.context.items[] | select(.price > 10) | {sku, price}]"),
    (SiteClass::Transform, ".context"),
];

fn main() {
    let items: Vec<_> =
        (0..20).map(|n| json!({ "sku": format!("sku-{n}"), "price": n, "quantity": 2 })).collect();
    let context = json!({
        "id": "order-1", "kind": "card", "amount": 1500, "items": items,
        "customer": { "name": "Ada", "email": "ada@example.org", "address": { "city": "Bern", "zip": "3000" } },
    });
    let platform = json!({ "environment": "test", "run": { "id": "1" } });
    let bindings = Bindings::new(&context, &platform);
    let now = "2024-05-06T07:08:09Z".parse().expect("a timestamp");
    let evaluation = EvalContext::new(EvalLimits::default(), now, 0);
    for (class, source) in PROGRAMS {
        let start = Instant::now();
        let program = JaqEngine.compile(source, Site::new(class)).expect("a program");
        for _ in 0..200 {
            black_box(JaqEngine.compile(black_box(source), Site::new(class)).expect("a program"));
        }
        let compile = start.elapsed() / 201;
        let evaluate = cost(|| match class {
            SiteClass::Predicate => {
                black_box(program.evaluate_predicate(&bindings, &evaluation)).expect("a boolean");
            }
            _ => drop(black_box(program.evaluate(&bindings, &evaluation)).expect("a value")),
        });
        println!("{evaluate:>7.0} ns   compiled in {compile:>9.1?}   {source}");
    }
}

/// Nanoseconds of one run: the best of several measurements.
fn cost(mut run: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let (start, mut runs) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_millis(50) {
            (0..100).for_each(|_| run());
            runs += 100;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(runs));
    }
    best
}
