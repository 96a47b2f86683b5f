//! Time and memory of loading are linear in the size of the text, whatever the text is (DEF-014).
//!
//! Every shape of text is loaded and shown in a process of its own, at two sizes, and the processor time and the memory that
//! this takes are compared. Processor time is what the kernel counted for the thread, so that a busy machine does not matter.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use jf_dsl::{Diagnostics, Document, SourceFile, StaticCapabilities, TerminalStyle, load_document};

/// Bytes of the smaller text; the larger one has eight times as many.
const SMALL: usize = 32 * 1024;
const TIMES: usize = 8;

/// What may be taken for each byte of the larger text. The worst is a fault every other byte, each with its report in all forms.
const MEMORY_PER_BYTE: u64 = 3 * 1024;

const HEAD: &str =
    "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\nspec:\n  start: done\n";
const STATES: &str = "  states:\n    done: { type: succeed }\n";

/// A text of a shape: what stands before, what is repeated with a running number for `#`, what stands behind.
struct Shape {
    name: &'static str,
    before: &'static str,
    repeated: &'static str,
    after: &'static str,
}

impl Shape {
    fn text(&self, bytes: usize) -> String {
        let mut text = format!("{HEAD}{}", self.before);
        let mut number = 0;
        while text.len() < bytes {
            let mut pieces = self.repeated.split('#');
            text.push_str(pieces.next().unwrap());
            for piece in pieces {
                write!(text, "{number}{piece}").unwrap();
            }
            number += 1;
        }
        text + self.after
    }
}

const fn shape(
    name: &'static str,
    before: &'static str,
    repeated: &'static str,
    after: &'static str,
) -> Shape {
    Shape { name, before, repeated, after }
}

/// Texts that a careless reader takes ever more time or memory for.
const SHAPES: [Shape; 37] = [
    shape("unknown members", "", "  k#: 1\n", STATES),
    shape("unknown members of one line", "  x: {", "mapperz#: 1, ", "}"),
    shape("misspelt members of one line", "  start: {", "mapperz#: 1, ", "}"),
    shape("members for extensions", "", "  x-#: 1\n", STATES),
    shape("one key again and again", "", "  a: 1\n", ""),
    shape(
        "long keys",
        "",
        "  ? x-kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk#\n  : 1\n",
        STATES,
    ),
    shape("one long key", "  ? ", "k", "\n  : 1\n"),
    shape("one long scalar", "  x-a: ", "a", "\n"),
    shape("one long number", "  x-a: ", "9", "\n"),
    shape("escapes", "  x-a: \"", "\\x41\\u00e9\\n", "\"\n"),
    shape("lines of plain text", "  x-a:\n", "    a\n\n", STATES),
    shape("lines of quoted text", "  x-a: \"\n", "    a\n\n", "\"\n"),
    shape("lines of block text", "  x-a: >\n", "    a\n\n", STATES),
    shape("blank lines", "", "\n", STATES),
    shape("comments", "", "# c\n", STATES),
    shape("spaces", "  x-a:", " ", "1\n"),
    shape("tabs", "  x-a:", "\t", "1\n"),
    shape("brackets", "  x-a: ", "[", ""),
    shape("braces", "  x-a: ", "{", ""),
    shape("nested keys", "", "? ", ""),
    shape("nested lists", "  x-a:\n    ", "- ", ""),
    shape("empty pairs", "  x-a: {", ":,", "}"),
    shape("numbers", "  x-a: [", "1,", "]\n  states: { done: { type: succeed } }\n"),
    shape("quotes that stay open", "  x-a: [", "'a' ", ""),
    shape("documents", "", "---\n", ""),
    shape("anchors", "  x-a:\n", "    - &a# b\n", ""),
    shape("billions of laughs", "", "  x-#: &a# [*a#, *a#, *a#, *a#, *a#, *a#, *a#, *a#, *a#]\n", ""),
    shape("tags", "  x-a: [", "!a b, ", "]"),
    shape(
        "states",
        "  states:\n    done: { type: succeed }\n",
        "    s#: { type: transform, next: s# }\n",
        "",
    ),
    shape(
        "unknown targets",
        "  states:\n    done: { type: succeed }\n    c:\n      type: choice\n      default: done\n      choices:\n",
        "        - { when: { predicate: { lang: jq, expr: 'true' } }, next: done# }\n",
        "",
    ),
    shape(
        "mappers",
        "  states: { done: { type: succeed } }\n  mappers:\n",
        "    m#: { lang: jq, expr: . }\n",
        "",
    ),
    shape(
        "configuration",
        "  states: { done: { type: succeed } }\n  platform:\n    config:\n",
        "      k#: { type: string }\n",
        "",
    ),
    shape(
        "placeholders",
        "  states: { done: { type: succeed } }\n  defaults: { http: { headers: { a: '",
        "${platform.config.k#} ",
        "' } } }\n",
    ),
    shape(
        "references of a schema",
        "  states: { done: { type: succeed } }\n  input:\n    schema:\n      $defs: { a: {} }\n      properties:\n",
        "        p#: { $ref: '#/$defs/a' }\n",
        "",
    ),
    shape(
        "properties of a schema",
        "  states: { done: { type: succeed } }\n  input:\n    schema:\n      properties:\n",
        "        p#: { type: string, pattern: '^\\w{9}$' }\n",
        "",
    ),
    shape(
        "policies",
        "  states: { done: { type: succeed } }\n  policies:\n    httpResilience:\n      definitions:\n",
        "        p#: { timeoutMs: 5 }\n",
        "",
    ),
    shape(
        "subjourneys",
        "  states: { done: { type: succeed } }\n  subjourneys:\n",
        "    p#: { start: a, states: { a: { type: succeed } } }\n",
        "",
    ),
];

/// What a process took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    nanoseconds: u64,
    kibibytes: u64,
}

fn processor_time() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn peak_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Loads and shows a text of a shape, and prints what it took: what the test runs in processes of their own.
fn load_and_show(shape: &Shape, bytes: usize) -> Cost {
    let source = SourceFile::new("case.journey.yaml", shape.text(bytes));
    let (memory, time) = (peak_memory(), processor_time());
    let mut loaded = None;
    let said: Diagnostics = match load_document(&source, &StaticCapabilities::full()) {
        Ok(Document::Definition(definition)) => loaded.insert(definition).warnings.clone(),
        Ok(other) => panic!("a journey, not {other:?}"),
        Err(faults) => faults,
    };
    let _ = said.to_terminal(TerminalStyle::Plain);
    let _ = said.to_json(1);
    Cost { nanoseconds: processor_time() - time, kibibytes: peak_memory() - memory }
}

const SHAPE: &str = "JF_BOUNDS_SHAPE";

#[expect(clippy::disallowed_methods, reason = "a process that the test starts is told what to load")]
fn told() -> Option<(String, usize)> {
    let (bytes, name) =
        std::env::var(SHAPE).ok()?.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    Some((name, bytes.parse().unwrap()))
}

fn cost(shape: &Shape, bytes: usize) -> Cost {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["def_014_time_and_memory_are_linear", "--exact", "--nocapture"])
        .env(SHAPE, format!("{bytes} {}", shape.name))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("cost ")).map(|(_, cost)| cost);
    let line =
        line.unwrap_or_else(|| panic!("{}: {text}{}", shape.name, String::from_utf8_lossy(&output.stderr)));
    let (nanoseconds, kibibytes) = line.split_once(' ').unwrap();
    Cost { nanoseconds: nanoseconds.parse().unwrap(), kibibytes: kibibytes.trim().parse().unwrap() }
}

/// What is wrong with the cost of a shape, if it is so each time: the clock of a process goes in steps, and what else the machine does
/// costs it time too. Work that grows with the square of the text is found out however often one looks.
fn out_of_proportion(shape: &Shape) -> Option<String> {
    const TRIES: usize = 3;
    (0..TRIES).map(|_| fault(shape)).take_while(Option::is_some).flatten().nth(TRIES - 1)
}

#[expect(clippy::print_stdout, reason = "the figures, for whoever wants them")]
fn fault(shape: &Shape) -> Option<String> {
    let (small, large) = (cost(shape, SMALL), cost(shape, SMALL * TIMES));
    println!("{:32} {small:?} {large:?}", shape.name);
    // Half as much again as is proportional, and what is too little to measure.
    let most = small.nanoseconds * TIMES as u64 * 3 / 2 + 20_000_000;
    if large.nanoseconds > most {
        return Some(format!("{}: {TIMES} times the text take {small:?} and {large:?}", shape.name));
    }
    let most = (SMALL * TIMES) as u64 * MEMORY_PER_BYTE / 1024;
    let is_too_large = large.kibibytes > most.min(small.kibibytes * 2 * TIMES as u64 + 4096);
    is_too_large.then(|| format!("{}: memory of {small:?} and {large:?}", shape.name))
}

#[test]
fn def_014_time_and_memory_are_linear() {
    if let Some((name, bytes)) = told() {
        let shape = SHAPES.iter().find(|shape| shape.name == name).unwrap();
        let Cost { nanoseconds, kibibytes } = load_and_show(shape, bytes);
        println!("cost {nanoseconds} {kibibytes}");
        return;
    }
    let wrong: Vec<String> = SHAPES.iter().filter_map(out_of_proportion).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
