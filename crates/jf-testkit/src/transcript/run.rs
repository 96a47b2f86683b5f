//! Holds a server to a transcript.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::pattern::insert;
use super::{Act, Expectation, Line, Pattern, Received, Refused, Stage, Step, Transcript};
use crate::Bindings;

/// What came of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The server did as it says.
    Passed,
    /// It needs what this host cannot do; why.
    Skipped(String),
    /// The server did something else.
    Failed {
        /// The line that was not fulfilled.
        line: usize,
        /// What happened instead.
        message: String,
    },
}

/// Runs a transcript from its first line to its last. The stage is used up.
pub async fn run(transcript: &Transcript, stage: &mut dyn Stage) -> Verdict {
    if let Some(reason) = transcript.needs.iter().find_map(|need| stage.can(need).err()) {
        return Verdict::Skipped(reason);
    }
    let mut runner = Runner {
        stage,
        lines: BTreeMap::new(),
        refused: None,
        stalled: BTreeSet::new(),
        bindings: Bindings::default(),
        fences: 0,
    };
    for step in &transcript.steps {
        if let Err((line, message)) = runner.step(step).await {
            return Verdict::Failed { line, message };
        }
    }
    let end = transcript.steps.last().map_or(1, |step| step.line);
    match runner.end(end).await {
        Ok(()) => Verdict::Passed,
        Err((line, message)) => Verdict::Failed { line, message },
    }
}

struct Runner<'a> {
    stage: &'a mut dyn Stage,
    lines: BTreeMap<String, Box<dyn Line>>,
    /// A handshake was refused, in that line, and nothing has been said about it yet.
    refused: Option<(usize, Refused)>,
    /// Clients that do not read.
    stalled: BTreeSet<String>,
    bindings: Bindings,
    fences: usize,
}

impl Runner<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), (usize, String)> {
        if let Act::ExpectAnyOrder(patterns) = &step.act {
            return self.any_order(&step.client, patterns).await;
        }
        self.act(step).await.map_err(|message| (step.line, message))
    }

    async fn act(&mut self, step: &Step) -> Result<(), String> {
        let client = step.client.as_str();
        match &step.act {
            Act::Connect { path, headers } => {
                let path = insert(path, &self.bindings);
                self.accepted().map_err(|(_, message)| message)?;
                match self.stage.connect(&path, headers).await {
                    Ok(line) => drop(self.lines.insert(client.to_owned(), line)),
                    Err(refused) => self.refused = Some((step.line, refused)),
                }
            }
            Act::Drop => drop(self.lines.remove(client)),
            Act::Send { text, times } => {
                let text = insert(text, &self.bindings);
                for _ in 0..*times {
                    self.line(client)?.send(&text).await;
                }
            }
            Act::SendBinary(bytes) => self.line(client)?.send_binary(bytes).await,
            Act::SendPing => self.line(client)?.send_ping().await,
            Act::SendClose => self.line(client)?.send_close().await,
            Act::Expect(expected) => self.expect(client, expected).await?,
            Act::ExpectAnyOrder(_) => {}
            Act::Http { method, path, body, status, answer } => {
                let path = insert(path, &self.bindings);
                let body = body.as_ref().map(|body| insert(body, &self.bindings));
                let (found, document) = self.stage.http(method, &path, body).await?;
                let as_wanted = status.map_or((200..300).contains(&found), |wanted| wanted == found);
                if !as_wanted {
                    return Err(format!("the status is {found}: {document}"));
                }
                if let Some(pattern) = answer {
                    pattern.compare(&document, &mut self.bindings)?;
                }
            }
            Act::Advance(by) => self.stage.advance(*by).await?,
            Act::Restart => {
                self.lines.clear();
                self.stage.restart().await?;
            }
            Act::Drain => self.stage.drain().await?,
            Act::Stall => {
                self.line(client)?.stall(true);
                self.stalled.insert(client.to_owned());
            }
            Act::Read => {
                self.line(client)?.stall(false);
                self.stalled.remove(client);
            }
            Act::Mute => self.line(client)?.mute(),
        }
        Ok(())
    }

    async fn expect(&mut self, client: &str, expected: &Expectation) -> Result<(), String> {
        match expected {
            Expectation::Frame { pattern, times } => {
                for _ in 0..*times {
                    let frame = self.frame(client).await?;
                    pattern
                        .compare(&frame, &mut self.bindings)
                        .map_err(|difference| format!("{difference}\n  the frame is {frame}"))?;
                }
                Ok(())
            }
            Expectation::Nothing => self.nothing(client).await,
            Expectation::Ping => match self.line(client)?.receive().await {
                Received::Ping => Ok(()),
                other => Err(format!("expected a ping of RFC 6455, got {}", shown(&other))),
            },
            Expectation::Close { code, name } => loop {
                match self.line(client)?.receive().await {
                    Received::Ping => {}
                    Received::Closed { code: found, name: told } => {
                        let as_wanted =
                            found == Some(*code) && name.as_ref().is_none_or(|name| *name == told);
                        if as_wanted {
                            self.lines.remove(client);
                            return Ok(());
                        }
                        return Err(format!("closed with {found:?} {told}"));
                    }
                    other => return Err(format!("expected a close, got {}", shown(&other))),
                }
            },
            Expectation::Refused { status, problem } => {
                let (_, refused) = self.refused.take().ok_or("the handshake was accepted")?;
                if refused.status != *status {
                    return Err(format!(
                        "the handshake was answered {}: {}",
                        refused.status, refused.problem
                    ));
                }
                let bindings = &mut self.bindings;
                problem.as_ref().map_or(Ok(()), |pattern| pattern.compare(&refused.problem, bindings))
            }
        }
    }

    /// A handshake that was refused, though nothing says that it is.
    fn accepted(&self) -> Result<(), (usize, String)> {
        self.refused.as_ref().map_or(Ok(()), |(line, refused)| {
            Err((*line, format!("the handshake was answered {}: {}", refused.status, refused.problem)))
        })
    }

    /// Nothing is left over that no line has seen.
    async fn end(&mut self, line: usize) -> Result<(), (usize, String)> {
        self.accepted()?;
        let clients: Vec<String> =
            self.lines.keys().filter(|client| !self.stalled.contains(*client)).cloned().collect();
        for client in clients {
            let left = self.nothing(&client).await;
            left.map_err(|message| (line, format!("at the end, for `{client}`: {message}")))?;
        }
        Ok(())
    }

    /// Nothing comes: what is answered to a ping is the next frame.
    async fn nothing(&mut self, client: &str) -> Result<(), String> {
        self.line(client)?.settle().await;
        self.fences += 1;
        let fence = format!("nothing-{}", self.fences);
        let ping = json!({ "type": "ping", "id": fence }).to_string();
        self.line(client)?.send(&ping).await;
        let frame = self.frame(client).await?;
        if frame == json!({ "type": "pong", "id": fence }) {
            Ok(())
        } else {
            Err(format!("there is {frame}"))
        }
    }

    async fn any_order(
        &mut self,
        client: &str,
        patterns: &[(usize, Pattern)],
    ) -> Result<(), (usize, String)> {
        let mut open: Vec<&(usize, Pattern)> = patterns.iter().collect();
        while let Some((line, _)) = open.first().copied() {
            let frame = self.frame(client).await.map_err(|message| (*line, message))?;
            let fitting = open.iter().position(|(_, pattern)| {
                let mut bindings = self.bindings.clone();
                let fits = pattern.compare(&frame, &mut bindings).is_ok();
                if fits {
                    self.bindings = bindings;
                }
                fits
            });
            match fitting {
                Some(at) => drop(open.remove(at)),
                None => return Err((*line, format!("none of what may come is {frame}"))),
            }
        }
        Ok(())
    }

    /// The next frame; pings of RFC 6455 are nothing to a client.
    async fn frame(&mut self, client: &str) -> Result<Value, String> {
        loop {
            match self.line(client)?.receive().await {
                Received::Frame(frame) => return Ok(frame),
                Received::Ping => {}
                other => return Err(format!("expected a frame, got {}", shown(&other))),
            }
        }
    }

    fn line(&mut self, client: &str) -> Result<&mut Box<dyn Line>, String> {
        let refused = &self.refused;
        self.lines.get_mut(client).ok_or_else(|| match refused {
            Some((_, refused)) => {
                format!("the handshake was answered {}: {}", refused.status, refused.problem)
            }
            None => "the client has no connection".to_owned(),
        })
    }
}

fn shown(received: &Received) -> String {
    match received {
        Received::Frame(frame) => frame.to_string(),
        Received::Ping => "a ping of RFC 6455".to_owned(),
        Received::Closed { code: Some(code), name } => format!("a close with {code} {name}"),
        Received::Closed { code: None, .. } => "the end of the connection".to_owned(),
        Received::Alien(what) => what.clone(),
        Received::Silence => "nothing".to_owned(),
    }
}
