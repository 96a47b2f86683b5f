//! Case files: a definition with what is said about it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jf_dsl::{
    Capabilities, Catalog, Diagnostic, Diagnostics, Document, Severity, SourceFile, TerminalStyle,
    check_configuration, load_document,
};

use super::build::Build;

/// Where the cases are, from the folder of the crate.
pub(crate) const CASES: &str = "tests/cases";
/// The topic of cases that are about no single rule.
const COMBINED: &str = "combined";
/// Files that definitions of all topics refer to.
const SIDE_FILES: &str = "files";

/// One finding, as a case expects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: String,
    pub(crate) rule: String,
    pub(crate) path: String,
    /// The file, where a case has several; none for a finding about no file.
    pub(crate) file: Option<String>,
}

impl Finding {
    /// Reads `error JF3002 STA-005 $.spec.start`, with ` in <file>` behind it in a case of several files.
    pub(crate) fn parse(line: &str, several: bool) -> Option<Self> {
        let mut words = line.trim().splitn(4, ' ');
        let severity = match words.next()? {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => return None,
        };
        let (code, rule, rest) = (words.next()?.to_owned(), words.next()?.to_owned(), words.next()?);
        let (path, file) = match rest.rsplit_once(" in ") {
            Some((path, file)) if several => (path, Some(file.to_owned())),
            _ => (rest, None),
        };
        (path.starts_with('$') && rule.contains('-')).then(|| Self {
            severity,
            code,
            rule,
            path: path.to_owned(),
            file,
        })
    }

    fn of(item: &Diagnostic, several: bool) -> Self {
        let name = |source: &SourceFile| source.name().rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            severity: item.severity,
            code: item.code.to_string(),
            rule: item.rule.to_owned(),
            path: item.path.to_string(),
            file: item.source.as_ref().filter(|_| several).map(name),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.severity, self.code, self.rule, self.path)?;
        self.file.as_ref().map_or(Ok(()), |file| write!(f, " in {file}"))
    }
}

/// A definition, or several that are deployed together, with what is to be said about them.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its path below the cases, without endings: `STA/STA-005-unknown-target`.
    pub(crate) name: String,
    /// The rule it is named after; none for combined cases.
    pub(crate) rule: Option<String>,
    /// What is expected, in order.
    pub(crate) expected: Vec<Finding>,
    files: Vec<PathBuf>,
    snapshot: PathBuf,
    build: Build,
    /// Whether it is a folder with an `expect.txt`.
    is_folder: bool,
}

impl Case {
    /// Reads a case file, or a folder of files that are deployed together in the order of their names.
    fn read(topic: &str, path: &Path) -> Result<Self, String> {
        let file_name = path.file_name().unwrap().to_string_lossy().into_owned();
        let stem = file_name.split('.').next().unwrap().to_owned();
        let is_folder = path.is_dir();
        let (files, header, snapshot) = if is_folder {
            let expect = path.join("expect.txt");
            let header =
                fs::read_to_string(&expect).map_err(|error| format!("{file_name}/expect.txt: {error}"))?;
            let files = entries(path).into_iter().filter(|file| !is_text(file)).collect();
            (files, header, path.join("rendered.txt"))
        } else {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            let header: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
            (vec![path.to_owned()], header.join("\n"), path.with_file_name(format!("{stem}.txt")))
        };
        let mut case = Self {
            name: format!("{topic}/{stem}"),
            rule: None,
            expected: Vec::new(),
            files,
            snapshot,
            build: Build::default(),
            is_folder,
        };
        if topic != COMBINED {
            let rule: Vec<&str> = stem.splitn(3, '-').collect();
            let [chapter, digits, _] = rule[..] else { return Err(named(&case.name)) };
            if chapter != topic || digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(named(&case.name));
            }
            case.rule = Some(format!("{chapter}-{digits}"));
        }
        for line in header.lines().map(|line| line.trim_start_matches('#').trim()) {
            if let Some(finding) = line.strip_prefix("expect:") {
                let finding = Finding::parse(finding, is_folder);
                case.expected.push(finding.ok_or_else(|| format!("{}: what is `{line}`?", case.name))?);
            } else if let Some(setting) = line.strip_prefix("capabilities:") {
                case.build
                    .set(setting.trim())
                    .map_err(|reason| format!("{}: {reason}: `{line}`", case.name))?;
            }
        }
        Ok(case)
    }

    /// Everything that is said about the files: when each is loaded, and, where none has an error, when they are
    /// deployed together.
    pub(crate) fn judge(&self) -> Diagnostics {
        let capabilities = self.build.capabilities();
        let mut all = Diagnostics::new();
        let mut loaded = Vec::new();
        for file in &self.files {
            let source = SourceFile::from_path(file).unwrap().with_base(CASES);
            match load_document(&source, &capabilities) {
                Ok(Document::Definition(definition)) => {
                    all.append(definition.warnings.clone());
                    if let Err(faults) = check_configuration(&definition, &capabilities) {
                        all.append(faults);
                    }
                    loaded.push(*definition);
                }
                Ok(Document::MetadataLimits { warnings, .. }) => all.append(warnings),
                Ok(other) => panic!("a document of an unknown kind: {other:?}"),
                Err(faults) => all.append(faults),
            }
        }
        if !all.has_errors() {
            match Catalog::with_pins(loaded, self.build.pins()) {
                Ok(catalog) => all.append(catalog.warnings().clone()),
                Err(faults) => all.append(faults),
            }
        }
        all
    }

    /// Its files, and the build that judges them.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (SourceFile, impl Capabilities + use<>)> {
        let read = |file: &PathBuf| SourceFile::from_path(file).unwrap().with_base(CASES);
        self.files.iter().map(move |file| (read(file), self.build.capabilities()))
    }

    /// The definition of a case that is no folder.
    pub(crate) fn definition(&self) -> Option<SourceFile> {
        let file = self.files.first().filter(|_| !self.is_folder)?;
        Some(SourceFile::from_path(file).unwrap().with_base(CASES))
    }

    /// What is said of another text in place of the definition.
    pub(crate) fn findings_of(&self, text: SourceFile) -> Vec<Finding> {
        let all = match load_document(&text.with_base(CASES), &self.build.capabilities()) {
            Ok(Document::Definition(definition)) => definition.warnings.clone(),
            Ok(Document::MetadataLimits { warnings, .. }) => warnings,
            Ok(other) => panic!("a document of an unknown kind: {other:?}"),
            Err(faults) => faults,
        };
        let mut findings: Vec<Finding> = all.iter().map(|item| Finding::of(item, false)).collect();
        findings.sort_by_key(ToString::to_string);
        findings
    }

    /// Why the case fails, if it does. With `bless` the snapshot is written instead of compared.
    pub(crate) fn check(&self, bless: bool) -> Result<(), String> {
        let all = self.judge();
        let found: Vec<Finding> = all.iter().map(|item| Finding::of(item, self.is_folder)).collect();
        if found != self.expected {
            return Err(self.difference(&found, &all));
        }
        let rendered = rendered(&all);
        let snapshot = fs::read_to_string(&self.snapshot).ok();
        match (rendered, snapshot) {
            (None, None) => Ok(()),
            (rendered, snapshot) if rendered == snapshot => Ok(()),
            (Some(rendered), _) if bless => {
                fs::write(&self.snapshot, rendered).map_err(|error| error.to_string())
            }
            (None, _) if bless => fs::remove_file(&self.snapshot).map_err(|error| error.to_string()),
            (Some(rendered), None) => Err(format!("{} has no snapshot of\n{rendered}", self.name)),
            (None, Some(_)) => Err(format!("{} has a snapshot, but nothing is found", self.name)),
            (Some(rendered), Some(snapshot)) => {
                Err(format!("{}: {}", self.name, changed(&snapshot, &rendered)))
            }
        }
    }

    /// What is missing and what is too much, and the lines to write if what was found is right.
    fn difference(&self, found: &[Finding], all: &Diagnostics) -> String {
        let mark = |mark: char, findings: &[Finding], others: &[Finding]| -> String {
            let lonely = findings.iter().filter(|finding| !others.contains(finding));
            lonely.map(|finding| format!("  {mark} {finding}\n")).collect()
        };
        let (missing, extra) = (mark('-', &self.expected, found), mark('+', found, &self.expected));
        let why = match (missing.is_empty(), extra.is_empty()) {
            (true, true) => "the findings have another order or number",
            _ => "the findings are not as expected (- expected only, + found only)",
        };
        let lines: String = found.iter().map(|finding| format!("# expect: {finding}\n")).collect();
        format!("{}: {why}\n{missing}{extra}found:\n{lines}{}", self.name, rendered(all).unwrap_or_default())
    }

    /// The rules whose breach it shows: those reported and the one it is named after.
    pub(crate) fn broken_rules(&self) -> impl Iterator<Item = &str> {
        let named = self.rule.iter().filter(|_| !self.expected.is_empty());
        self.expected.iter().map(|finding| &finding.rule).chain(named).map(String::as_str)
    }

    fn owned_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().chain((!self.expected.is_empty()).then_some(&self.snapshot))
    }
}

fn named(name: &str) -> String {
    format!("{name}: a case is named after its rule, like STA/STA-005-unknown-target.journey.yaml")
}

/// What people see; none when nothing is found.
fn rendered(all: &Diagnostics) -> Option<String> {
    (!all.is_empty()).then(|| format!("{}\n", all.to_terminal(TerminalStyle::Plain).trim_end()))
}

/// The first line that differs.
fn changed(snapshot: &str, rendered: &str) -> String {
    let differs = |(old, new): &(&str, &str)| old != new;
    let end = std::iter::once("(end)");
    let pairs = snapshot.lines().chain(end.clone()).zip(rendered.lines().chain(end));
    let (old, new) = pairs.clone().find(differs).unwrap_or(("", "other line ends"));
    format!("the rendered text has changed (JF_BLESS=1 accepts it)\n  - {old}\n  + {new}\n{rendered}")
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "txt")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// All cases, and what is wrong with the files around them: headers that cannot be read, snapshots of nothing.
pub(crate) fn all() -> (Vec<Case>, Vec<String>) {
    let (mut cases, mut wrong) = (Vec::new(), Vec::new());
    let mut known: BTreeMap<PathBuf, String> = BTreeMap::new();
    let topics = entries(Path::new(CASES)).into_iter().filter(|path| path.is_dir());
    for topic in topics.filter(|path| !path.ends_with(SIDE_FILES)) {
        let name = topic.file_name().unwrap().to_string_lossy().into_owned();
        for path in entries(&topic).into_iter().filter(|path| path.is_dir() || !is_text(path)) {
            match Case::read(&name, &path) {
                Ok(case) => {
                    for file in case.owned_files() {
                        if let Some(other) = known.insert(file.clone(), case.name.clone()) {
                            wrong.push(format!("{} belongs to {other} and to {}", file.display(), case.name));
                        }
                    }
                    cases.push(case);
                }
                Err(reason) => wrong.push(reason),
            }
        }
        for path in entries(&topic).into_iter().filter(|path| is_text(path) && !known.contains_key(path)) {
            wrong.push(format!("{} is the snapshot of no case with findings", path.display()));
        }
    }
    wrong.extend(unused_side_files(&cases));
    (cases, wrong)
}

/// The files that no case refers to.
fn unused_side_files(cases: &[Case]) -> Vec<String> {
    let read = |file: &PathBuf| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
    let texts: Vec<String> = cases.iter().flat_map(|case| &case.files).map(read).collect();
    let names = entries(&Path::new(CASES).join(SIDE_FILES)).into_iter();
    let names = names.map(|path| format!("{SIDE_FILES}/{}", path.file_name().unwrap().to_string_lossy()));
    let unused = names.filter(|name| !texts.iter().any(|text| text.contains(name.as_str())));
    unused.map(|name| format!("no case refers to {name}")).collect()
}
