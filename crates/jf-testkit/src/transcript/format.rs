//! From text to steps. All mistakes of a file are told at once, each with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use jf_core::exact_json;
use serde_json::Value;

use super::pattern::{RESERVED, used};
use super::{Act, Expectation, Need, Pattern, Step};

/// A transcript that can be run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Transcript {
    /// What it shows, in a paragraph.
    pub about: String,
    /// The rules it shows.
    pub covers: Vec<String>,
    /// Settings of the server by their names in a configuration file, such as `websocket.limits.maxInFlight`.
    pub settings: Vec<(String, Value)>,
    /// What it takes to run it.
    pub needs: Vec<Need>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// A mistake in a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Fault {}

impl Transcript {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        for (line, text) in logical_lines(text) {
            if let Err(message) = reader.line(line, &text) {
                reader.faults.push(Fault { line, message });
            }
        }
        reader.finish()
    }
}

/// Lines with their numbers; what begins with a blank belongs to the line before.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        match lines.last_mut() {
            Some((_, before)) if line.starts_with([' ', '\t']) && !before.is_empty() => {
                before.push(' ');
                before.push_str(line.trim_start());
            }
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

#[derive(Default)]
struct Reader {
    about: Vec<String>,
    covers: Vec<String>,
    settings: Vec<(String, Value)>,
    needs: Vec<Need>,
    steps: Vec<Step>,
    /// Names that stand for something by now.
    bound: BTreeSet<String>,
    /// Where names stand for the first time, and how often they stand in all.
    uses: BTreeMap<String, (usize, usize)>,
    /// The line that is read.
    at: usize,
    /// Clients that were connected.
    clients: BTreeSet<String>,
    in_body: bool,
    faults: Vec<Fault>,
}

type Read<T = ()> = Result<T, String>;

impl Reader {
    fn line(&mut self, line: usize, text: &str) -> Read {
        self.at = line;
        if text.is_empty() {
            return Ok(());
        }
        if let Some(comment) = text.strip_prefix('#') {
            return self.comment(comment.trim());
        }
        self.in_body = true;
        let (client, sigil, rest) = split(text)?;
        match sigil {
            "@" => self.directive(rest),
            "=" => self.answer(rest),
            _ => {
                let act = self.act(client, sigil, rest, line)?;
                if let Some(act) = act {
                    self.steps.push(Step { line, client: client.to_owned(), act });
                }
                Ok(())
            }
        }
    }

    fn comment(&mut self, text: &str) -> Read {
        if let Some(ids) = text.strip_prefix("covers:") {
            let ids = ids.trim().strip_prefix('[').and_then(|ids| ids.strip_suffix(']'));
            let ids = ids.ok_or("`covers:` wants a list such as `[SUB-4, SUB-6]`")?;
            self.covers.extend(ids.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()));
        } else if !self.in_body && !text.is_empty() {
            self.about.push(text.to_owned());
        }
        Ok(())
    }

    fn directive(&mut self, text: &str) -> Read {
        match text {
            "tokens" => self.needs.push(Need::Tokens),
            "services" => self.needs.push(Need::Services),
            text => {
                let (key, value) =
                    text.split_once(':').ok_or("`@` wants `set NAME: VALUE`, `tokens` or `services`")?;
                let key = key.strip_prefix("set ").ok_or_else(|| format!("`@ {key}` is not known"))?;
                if !self.steps.is_empty() {
                    return Err("settings stand before everything that happens".to_owned());
                }
                let value = value.trim();
                let value = exact_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                self.settings.push((key.trim().to_owned(), value));
            }
        }
        Ok(())
    }

    /// `= STATUS [PATTERN]`, which belongs to the request before it.
    fn answer(&mut self, text: &str) -> Read {
        let (status, pattern) = status(text)?;
        let pattern = pattern.map(|text| self.pattern(text, false)).transpose()?;
        match self.steps.last_mut() {
            Some(Step { act: Act::Http { status: wanted @ None, answer, .. }, .. }) => {
                (*wanted, *answer) = (Some(status), pattern);
                Ok(())
            }
            _ => Err("`=` stands below `! http …`".to_owned()),
        }
    }

    fn act(&mut self, client: &str, sigil: &str, rest: &str, line: usize) -> Read<Option<Act>> {
        let (sigil, times) = match sigil.split_once('*') {
            Some((sigil, times)) => {
                let number = times.parse().ok().filter(|number| *number > 0_usize);
                (sigil, number.ok_or_else(|| format!("`*{times}` is no number from 1"))?)
            }
            None => (sigil, 1),
        };
        let is_text = matches!(sigil, ">" | "<" | "<=") && rest.starts_with(['{', '[']);
        if times > 1 && !is_text && sigil != ">" {
            return Err("only messages and frames come so many times".to_owned());
        }
        let is_connect = sigil == "!" && rest.starts_with("connect ");
        let needs_client =
            matches!(sigil, ">" | "<" | "<=" | "<?" | "~") || matches!(rest, "stall" | "read" | "mute");
        if needs_client && !is_connect && !self.clients.contains(client) {
            return Err("nobody of that name has connected yet".to_owned());
        }
        match sigil {
            "!" => self.happening(client, rest).map(Some),
            "~" if rest == "drop" => Ok(Some(Act::Drop)),
            "~" => Err("`~` wants `drop`".to_owned()),
            ">" => self.sent(rest, times).map(Some),
            "<" | "<=" => {
                self.expected(rest, sigil == "<=", times).map(|expected| Some(Act::Expect(expected)))
            }
            "<?" => {
                let pattern = self.pattern(rest, false)?;
                match self.steps.last_mut() {
                    Some(Step { client: before, act: Act::ExpectAnyOrder(patterns), .. })
                        if before == client =>
                    {
                        patterns.push((line, pattern));
                        Ok(None)
                    }
                    _ => Ok(Some(Act::ExpectAnyOrder(vec![(line, pattern)]))),
                }
            }
            other => Err(format!("`{other}` is none of `#` `@` `!` `~` `>` `<` `<=` `<?` `=`")),
        }
    }

    fn happening(&mut self, client: &str, text: &str) -> Read<Act> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim();
        match (word, rest) {
            ("connect", rest) if rest.starts_with('/') => {
                self.clients.insert(client.to_owned());
                let (path, headers) = rest.split_once(" with ").unwrap_or((rest, ""));
                let headers = headers.split(';').filter(|header| !header.trim().is_empty()).map(|header| {
                    let (name, value) = header.split_once(':').ok_or("a header is `NAME: VALUE`")?;
                    Ok((name.trim().to_owned(), value.trim().to_owned()))
                });
                Ok(Act::Connect { path: path.to_owned(), headers: headers.collect::<Read<_>>()? })
            }
            ("connect", _) => Err("`! connect` wants a path".to_owned()),
            ("http", rest) => self.http(rest),
            ("clock", rest) => {
                let by = rest.strip_prefix('+').and_then(|time| duration(time.trim()));
                let by = by.ok_or("`! clock` wants `+ TIME` in `ms`, `s` or `min`")?;
                let so_far = self.needs.iter_mut().find_map(|need| match need {
                    Need::Clock(so_far) => Some(so_far),
                    _ => None,
                });
                match so_far {
                    Some(so_far) => *so_far += by,
                    None => self.needs.push(Need::Clock(by)),
                }
                Ok(Act::Advance(by))
            }
            ("restart", "") => Ok(self.needing(Need::Restart, Act::Restart)),
            ("drain", "") => Ok(self.needing(Need::Drain, Act::Drain)),
            ("stall", "") => Ok(self.needing(Need::Stall, Act::Stall)),
            ("read", "") => Ok(self.needing(Need::Stall, Act::Read)),
            ("mute", "") => Ok(self.needing(Need::Control, Act::Mute)),
            _ => Err(format!(
                "`! {word}` is none of `connect`, `http`, `clock`, `restart`, `drain`, `stall`, `read`, `mute`"
            )),
        }
    }

    fn needing(&mut self, need: Need, act: Act) -> Act {
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
        act
    }

    fn http(&mut self, text: &str) -> Read<Act> {
        let mut parts = text.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) || !path.starts_with('/') {
            return Err("`! http` wants `METHOD /path [BODY]`".to_owned());
        }
        let body = parts.next().map(|body| body.trim().to_owned());
        self.check_used(path)?;
        self.check_used(body.as_deref().unwrap_or_default())?;
        Ok(Act::Http { method: method.to_owned(), path: path.to_owned(), body, status: None, answer: None })
    }

    fn sent(&mut self, text: &str, times: usize) -> Read<Act> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match word {
            "(ping)" => self.needing(Need::Control, Act::SendPing),
            "(close)" => Act::SendClose,
            "(binary)" => Act::SendBinary(hex(rest).ok_or("`(binary)` wants hexadecimal digits in pairs")?),
            _ => {
                self.check_used(text)?;
                Act::Send { text: text.to_owned(), times }
            }
        })
    }

    fn expected(&mut self, text: &str, exact: bool, times: usize) -> Read<Expectation> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "nothing" => Ok(Expectation::Nothing),
            "(ping)" => {
                self.needing(Need::Control, Act::SendPing);
                Ok(Expectation::Ping)
            }
            "close" => {
                let (code, name) = rest.split_once(' ').unwrap_or((rest, ""));
                let code = code.parse().map_err(|_| "`close` wants a code")?;
                Ok(Expectation::Close { code, name: (!name.is_empty()).then(|| name.to_owned()) })
            }
            "refused" => {
                let (status, problem) = status(rest)?;
                let problem = problem.map(|text| self.pattern(text, false)).transpose()?;
                Ok(Expectation::Refused { status, problem })
            }
            _ => Ok(Expectation::Frame { pattern: self.pattern(text, exact)?, times }),
        }
    }

    fn pattern(&mut self, text: &str, exact: bool) -> Read<Pattern> {
        let value: Value = exact_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let pattern = Pattern::new(value, exact);
        self.bound.extend(pattern.names());
        self.count(text);
        Ok(pattern)
    }

    /// Notes the names that a text has.
    fn count(&mut self, text: &str) {
        for name in used(text).into_iter().filter(|name| !RESERVED.contains(name)) {
            self.uses.entry(name.to_owned()).or_insert((self.at, 0)).1 += 1;
        }
    }

    fn check_used(&mut self, text: &str) -> Read {
        self.count(text);
        match used(text).into_iter().find(|name| !self.bound.contains(*name)) {
            Some(name) if RESERVED.contains(&name) => {
                Err(format!("`${name}` stands in what is expected only"))
            }
            Some(name) => Err(format!("`${name}` stands for nothing yet; a dollar is `$$`")),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Transcript, Vec<Fault>> {
        let nothing_happens = self.steps.is_empty() && self.faults.is_empty();
        for (is_missing, message) in [
            (self.about.is_empty(), "it begins with a comment that says what it shows"),
            (self.covers.is_empty(), "it names no rules: `# covers: [ID, …]`"),
            (nothing_happens, "nothing happens"),
        ] {
            if is_missing {
                self.faults.push(Fault { line: 1, message: message.to_owned() });
            }
        }
        // What is bound and never compared looks like a check and is none.
        for (name, (line, _)) in
            self.uses.iter().filter(|(name, (_, times))| *times == 1 && self.bound.contains(*name))
        {
            let message = format!("`${name}` stands for nothing else in this file; any value is `$any`");
            self.faults.push(Fault { line: *line, message });
        }
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let Self { about, covers, settings, needs, steps, .. } = self;
        Ok(Transcript { about: about.join(" "), covers, settings, needs, steps })
    }
}

/// Client, sigil and the rest.
fn split(text: &str) -> Read<(&str, &str, &str)> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !first.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(("", first, rest.trim()));
    }
    let (sigil, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    if sigil.is_empty() {
        return Err(format!("`{first}` is no client: a name is followed by `!`, `>`, `<` or `~`"));
    }
    Ok((first, sigil, rest.trim()))
}

fn status(text: &str) -> Read<(u16, Option<&str>)> {
    let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
    let code = code.parse().ok().filter(|code| (100..=599).contains(code));
    let rest = rest.trim();
    Ok((code.ok_or("a status of HTTP is missing")?, (!rest.is_empty()).then_some(rest)))
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "min" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    (!digits.is_empty() && digits.len().is_multiple_of(2)).then(|| digits.chunks(2).map(pair).collect())?
}
