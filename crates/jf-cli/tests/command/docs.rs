//! The pages of `docs/`, the README and the examples: generated parts are up to date, YAML is valid, links lead somewhere.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jf_cli::{CONFIG_RULES, Config, KEYS, ServerMetrics};
use jf_dsl::{RuleInfo, SourceFile};
use jf_testkit::scenario::{SCENARIO_RULES, SECTIONS, matchers};
use serde_json::Value;

use crate::support::{folder, jf, jf_with_input, root};

/// Compares a page with what the code says; `JF_BLESS=1` writes it instead.
fn generated(page: &str, text: &str) {
    let path = root().join(page);
    if std::env::var_os("JF_BLESS").is_some() {
        std::fs::write(&path, text).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{page} is not what the code says; run this test with JF_BLESS=1 and look at the difference"
    );
}

#[test]
fn the_reference_of_the_configuration_is_up_to_date() {
    let mut text = String::from(
        "<!-- Generated from the table of keys in crates/jf-cli; a test compares the two. -->\n\
         # Configuration keys\n\n\
         One YAML file: `--config FILE`, else `jf.yaml` in the working directory, else `jf.yaml` in the only path that definitions come from, or beside it if that is a file. The \
         [guide](../guide/configuration.md) shows how it is used.\n\n\
         - Dotted keys are shorthand for nesting: `http.listen: …` is `listen` below `http`.\n\
         - Unknown keys, values of another kind and keys given twice are errors with a position. Keys that start with `x-` are ignored.\n\
         - A key whose value is `null` or empty has its default. Relative paths are relative to the file.\n\
         - Durations are ISO-8601 with a fixed length (`PT30S`, `P30D`); names that end in `Ms` count milliseconds, in `Bytes` bytes, in `Sec` seconds.\n\
         - `*` stands for a name of your choice.\n",
    );
    let mut group = "";
    for key in KEYS {
        let first = key.path.split('.').next().unwrap();
        let next = if key.path.contains('.') && first != "serve" { first } else { "general" };
        if next != group {
            group = next;
            write!(text, "\n## {group}\n\n| key | takes | default | meaning |\n|---|---|---|---|\n").unwrap();
        }
        let default = if key.default.is_empty() {
            "–".to_owned()
        } else {
            format!("`{}`", key.default.trim_matches('"'))
        };
        writeln!(text, "| `{}` | {} | {} | {} |", key.path, key.kind.label(), default, key.about).unwrap();
    }
    generated("docs/reference/configuration.md", &text);
}

#[test]
fn eng_135_the_reference_of_the_metrics_is_up_to_date() {
    let mut text = String::from(
        "<!-- Generated from the tables of metrics in crates/jf-engine and crates/jf-cli; a test compares the two. -->\n\
         # Metrics\n\n\
         What a server counts and measures, as Prometheus text at `/metrics` of [`observability.metrics.listen`](configuration.md#observability), and in an embedder's own registry; the \
         [guide](../guide/watching.md) shows both. Labels hold names and versions of what is deployed, kinds of tasks and words of the specification, never anything of a request, so \
         the number of time series is bounded by the deployment. A metric with labels appears with its first value.\n\n\
         | metric | type | labels | meaning |\n|---|---|---|---|\n",
    );
    for (name, kind, labels, help) in ServerMetrics::table() {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        writeln!(text, "| `{name}` | {kind} | {labels} | {help}. |").unwrap();
    }
    text.push_str(
        "\n| label | values |\n|---|---|\n\
         | `kind` | `Journey`, `Api` |\n\
         | `name`, `version` | of the definition |\n\
         | `purpose` | `run`, or `compensation` for a run that compensates another |\n\
         | `phase` | `SUCCEEDED`, `FAILED` |\n\
         | `termination` | `Success`, `Fail`, `Timeout`, `Cancel`, `RuntimeError` |\n\
         | `task` | the kind of the task, such as `httpCall:v1` |\n\
         | `result` | `ok`, `problem` (reported by the task), `fault` (it could not do its work), `panic` |\n\
         | `reason` | `admission` (too much is going on), `draining` (the node stops) |\n\
         | `binding` | `http`, `websocket` |\n",
    );
    generated("docs/reference/metrics.md", &text);
}

#[test]
fn the_reference_of_the_command_is_up_to_date() {
    let mut text = String::from(
        "<!-- Generated from the help of the command; a test compares the two. -->\n# The `jf` command\n\n\
         What was asked for goes to standard output and nothing else; diagnostics and logs go to standard error. Colours are for terminals; `NO_COLOR` \
         turns them off. `JF_LOG` and `JF_LOG_FORMAT` stand in for the flags `--log` and `--log-format`.\n\n\
         ## Reports for tools\n\n\
         `jf check --format json` prints one object:\n\n\
         ```json\n{\"files\": 1, \"errors\": 1, \"warnings\": 0, \"diagnostics\": [{\"file\": \"a.journey.yaml\", \"code\": \"JF3001\", \"severity\": \"error\", \"rule\": \"DEF-031\", \"path\": \"$.spec.start\", \"message\": \"…\", \"help\": \"…\", \"line\": 5, \"column\": 10, \"endLine\": 5, \"endColumn\": 15, \"suggestion\": \"first\", \"labels\": [], \"fixes\": []}]}\n```\n\n\
         Lines and columns count from 1, columns in Unicode scalar values, and the end is exclusive. Without a position the four are `null`, as are `help` and `suggestion` where there is nothing \
         to say. A label is a further place, in this file or another one: `{\"file\", \"message\", \"line\", \"column\", \"endLine\", \"endColumn\"}`. A fix is \
         `{\"message\", \"applicability\", \"edits\": [{\"line\", \"column\", \"endLine\", \"endColumn\", \"replacement\"}]}`; `--fix` makes those whose applicability is `machineApplicable`, others \
         are `maybeIncorrect`. Members may be added, none is taken away. Folders are searched with their sub-folders, hidden ones excepted, in byte order of the paths; where a rule speaks of the \
         second of two definitions, this order decides.\n\n\
         `jf check --format sarif` prints a SARIF 2.1.0 log with one run: the pages of the codes that occur as rules, further places as related locations, fixes, and files relative to `%SRCROOT%`, the \
         working directory. Columns count Unicode scalar values, as the log says.\n\n\
         `jf check --format github` prints workflow commands (`::error file=…,line=…::…`), which GitHub Actions shows beside the lines of a pull request.\n\n\
         ## Repairs\n\n\
         `jf check --fix` repairs files where that needs nobody's judgement: deprecated and retired spellings that have one successor, and names of members, values and references that are misspelt beyond doubt – \
         one edit or another case away from a single known name. The rest of a file stays as it is to the byte. Every repair is checked: its finding must be gone, no other error may come, and \
         the definition must say the same everywhere else; a repair that does not pass is not made. Files are replaced as a whole and keep their permissions. `--fix --dry-run` prints the same as a unified \
         diff. What the [codes](diagnostics.md) mean is told by `jf explain` too.\n",
    );
    for command in ["", "check", "serve", "run", "test", "explain", "export", "store"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let help = jf(&root(), &arguments).out;
        write!(text, "\n## jf {command}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    }
    generated("docs/reference/cli.md", &text.replace("## jf \n", "## jf\n"));
}

#[test]
fn the_list_of_codes_is_up_to_date() {
    let others = CONFIG_RULES.iter().chain(SCENARIO_RULES).copied();
    let pages: Vec<&RuleInfo> = jf_dsl::rules().iter().chain(others).collect();
    let mut text = String::from(
        "<!-- Generated from the pages in the code (`jf explain`); a test compares the two. -->\n# Diagnostic codes\n\n\
         What `jf check` and its relatives report, by code. A code keeps its meaning for ever. `JF1xxx` is about text that cannot be read, `JF2xxx` about the shape of members, `JF3xxx` about \
         states and the ways between them, `JF4xxx` about expressions, `JF5xxx` about bindings, tasks and definitions that are deployed together, `JF6xxx` about `jf.yaml`, `JF7xxx` about [scenarios](scenarios.md). Errors prevent a deployment, \
         warnings do not. Examples show the piece of a definition that matters.\n\n\
         | code | | rule | what it is about |\n|---|---|---|---|\n",
    );
    for page in &pages {
        let (code, anchor) = (page.code, page.code.to_string().to_ascii_lowercase());
        writeln!(text, "| [{code}](#{anchor}) | {} | {} | {} |", page.severity, page.rule, page.title)
            .unwrap();
    }
    for page in &pages {
        write!(
            text,
            "\n## {}\n\n**{}** ({}, {})\n\n{}",
            page.code,
            page.title,
            page.severity,
            page.rule,
            page.markdown()
        )
        .unwrap();
    }
    generated("docs/reference/diagnostics.md", &text);
}

#[test]
fn the_reference_of_scenarios_is_up_to_date() {
    let path = root().join("docs/reference/scenarios.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let mut tables = String::new();
    for section in SECTIONS {
        write!(tables, "\n### {}\n\n| key | takes | meaning |\n|---|---|---|\n", section.name).unwrap();
        for key in section.keys {
            writeln!(tables, "| `{}` | {} | {} |", key.name, key.takes, key.about).unwrap();
        }
    }
    let mut forms = String::from("\n| matcher | what it matches |\n|---|---|\n");
    for (form, meaning) in matchers() {
        writeln!(forms, "| `{form}` | {meaning} |").unwrap();
    }
    let page = between(&page, "keys", &tables);
    generated("docs/reference/scenarios.md", &between(&page, "matchers", &forms));
}

/// The page with another text between two marks.
fn between(page: &str, mark: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("\n<!-- /{mark} -->"));
    let (before, rest) = page.split_once(&open).expect("the mark is there");
    let (_, after) = rest.split_once(&close).expect("the end of the mark is there");
    format!("{before}{open}{text}{close}{after}")
}

/// A test of jf-dsl keeps the copy up to date.
#[test]
fn the_exported_schema_is_the_one_in_the_reference() {
    let ran = jf(&root(), &["export", "schema"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out == std::fs::read_to_string(root().join("docs/reference/journey.schema.json")).unwrap());
}

/// The comment that tells editors which schema a definition has; definitions of the examples begin with it.
#[test]
fn the_examples_name_their_schema() {
    const MODELINE: &str = "# yaml-language-server: $schema=";
    let page = std::fs::read_to_string(root().join("docs/guide/editor.md")).unwrap();
    assert!(page.contains(MODELINE));
    let mut found = 0;
    for folder in [
        "examples/journeys",
        "examples/embed-http-and-ws",
        "examples/embed-in-a-service",
        "examples/custom-engine",
    ] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path.to_string_lossy().ends_with(".journey.yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let schema = text.lines().next().and_then(|line| line.strip_prefix(MODELINE));
            let schema = schema.unwrap_or_else(|| panic!("{} does not begin with the line", path.display()));
            assert!(path.parent().unwrap().join(schema).exists(), "{}: {schema}", path.display());
            found += 1;
        }
    }
    assert_eq!(found, 6);
}

/// A fenced block of a page.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The fenced blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.trim().to_owned(), text: String::new() })
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The pages that users read; the specification has fragments and is judged by its own tests.
fn pages() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs/guide"), root().join("docs/reference"), root().join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.push(root().join("README.md"));
    found.sort();
    found
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).expect("a page is text")))
        .collect()
}

#[test]
fn every_yaml_block_is_a_valid_definition_or_configuration() {
    let mut checked = 0;
    for (path, page) in pages() {
        for block in blocks(&page).into_iter().filter(|block| block.language == "yaml") {
            checked += 1;
            if block.text.starts_with("apiVersion:") {
                let folder = folder(&[("block.journey.yaml", &block.text)]);
                let ran = jf(folder.path(), &["check", "--deny-warnings", "."]);
                assert_eq!(ran.status, 0, "{}: {ran}", path.display());
            } else if block.text.starts_with("scenario:") {
                // Another test runs it.
            } else {
                assert!(
                    block.text.starts_with("# jf.yaml\n"),
                    "{}: neither a definition nor `# jf.yaml`:\n{}",
                    path.display(),
                    block.text
                );
                let (_, faults) = Config::read(&SourceFile::new("jf.yaml", block.text));
                assert!(faults.is_empty(), "{}: {faults}", path.display());
            }
        }
    }
    assert!(checked > 10, "only {checked} blocks were found");
}

/// The scenarios of a page pass with the definitions of that page.
#[test]
fn every_scenario_of_a_page_passes() {
    let mut passed = 0;
    for (path, page) in pages() {
        let blocks = blocks(&page);
        let yaml = || blocks.iter().filter(|block| block.language == "yaml").map(|block| block.text.as_str());
        let mut files: Vec<(String, &str)> = Vec::new();
        for text in yaml().filter(|text| text.starts_with("apiVersion:")) {
            let name = text.split("name: ").nth(1).and_then(|rest| rest.split([',', '\n']).next());
            files.push((format!("{}.journey.yaml", name.expect("definitions have a name").trim()), text));
        }
        let scenarios: Vec<&str> = yaml().filter(|text| text.starts_with("scenario:")).collect();
        if scenarios.is_empty() {
            continue;
        }
        passed += scenarios.len();
        let named = scenarios.iter().enumerate();
        files.extend(named.map(|(at, text)| (format!("{at}.scenario.yaml"), *text)));
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let folder = folder(&files);
        let ran = jf(folder.path(), &["test", "."]);
        assert_eq!(ran.status, 0, "{}: {ran}", path.display());
    }
    assert!(passed >= 4, "only {passed} scenarios were found");
}

#[test]
fn the_first_journey_of_the_guide_does_what_the_guide_says() {
    let page = std::fs::read_to_string(root().join("docs/guide/getting-started.md")).unwrap();
    let blocks = blocks(&page);
    let of = |language: &str| &blocks.iter().find(|block| block.language == language).unwrap().text;
    let folder = folder(&[("hello.journey.yaml", of("yaml"))]);
    assert_eq!(jf(folder.path(), &["check", "hello.journey.yaml"]).out, "1 file checked, no problems\n");
    let ran =
        jf_with_input(folder.path(), &["run", "hello.journey.yaml", "--input", "-"], r#"{"name": "Ada"}"#);
    let (shown, printed): (Value, Value) =
        (serde_json::from_str(of("json")).unwrap(), serde_json::from_str(&ran.out).unwrap());
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&printed));
    for member in ["journeyName", "phase", "status", "output"] {
        assert_eq!(shown[member], printed[member], "{member}");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for (path, page) in pages() {
        let folder = path.parent().unwrap();
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            assert!(exists(&folder.join(file)), "{}: {target}", path.display());
        }
    }
}

fn exists(path: &Path) -> bool {
    path.exists()
}
