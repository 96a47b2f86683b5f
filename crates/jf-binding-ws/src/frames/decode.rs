//! From an envelope to a request: the schema of §5, once the type is known.

use jf_core::EngineError;
use serde_json::Value;
use smol_str::SmolStr;

use super::client::{Cancel, Command, Hello, Request, RunRef, Start, Step, Subscribe, replaying};
use super::envelope::{Envelope, FrameLimits, Refused};
use super::fields::Fields;
use crate::credential::Credential;

/// Features a client can ask for in `hello`; others are ignored, since later clients may know more.
const BOOKMARK: &str = "bookmark";

/// What an application type means on the path of the connection (RT-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Start,
    Step,
}

/// Reads the members that the type asks for, and gives the type along. `meaning` tells what types mean that are not reserved.
///
/// # Errors
/// `unknown-type`, `unknown-member`, or that of the first member that does not fit.
pub(crate) fn decode(
    envelope: Envelope<'_>,
    meaning: impl FnOnce(&str) -> Result<Meaning, EngineError>,
) -> Result<(SmolStr, Request), EngineError> {
    let Envelope { id, frame_type, members, payload, limits } = envelope;
    let frame = Frame { fields: Fields::of_frame(members), has_id: id.is_some(), payload, limits };
    let request = match frame_type.as_str() {
        "hello" => frame.hello(),
        "auth" => frame.auth(),
        "getStatus" => frame.about_run(Request::GetStatus),
        "getOutcome" => frame.about_run(Request::GetOutcome),
        "subscribe" => frame.subscribe(),
        "unsubscribe" => frame.about_run(Request::Unsubscribe),
        "cancel" => frame.cancel(),
        "credit" => frame.credit(),
        "ping" => frame.bare(Request::Ping),
        "pong" => frame.bare(Request::Pong),
        other => match meaning(other)? {
            Meaning::Start => frame.start(),
            Meaning::Step => frame.step(),
        },
    };
    request.map(|request| (frame_type, request))
}

/// The run that the text of a member names, for the error that answers it; unchecked and bounded.
pub(crate) fn run_named(value: &str) -> Option<String> {
    let text = serde_json::from_str::<String>(value).ok()?;
    (1..=128).contains(&text.chars().count()).then_some(text)
}

impl Refused {
    /// The refusal of a frame that had a usable envelope.
    pub(crate) fn about(envelope: &Envelope<'_>, error: EngineError) -> Self {
        Self { id: envelope.id.clone(), run: envelope.run().and_then(run_named), error }
    }
}

struct Frame<'a> {
    fields: Fields<'a>,
    has_id: bool,
    payload: Option<Result<Value, EngineError>>,
    limits: FrameLimits,
}

impl Frame<'_> {
    fn only(&self, known: &[&str]) -> Result<(), EngineError> {
        self.fields.only(known, self.payload.as_ref().map(|_| "payload"))
    }

    fn bare(self, request: Request) -> Result<Request, EngineError> {
        self.only(&[])?;
        Ok(request)
    }

    fn about_run(mut self, request: impl FnOnce(RunRef) -> Request) -> Result<Request, EngineError> {
        self.only(&["journeyId"])?;
        Ok(request(self.fields.run()?))
    }

    fn credit(mut self) -> Result<Request, EngineError> {
        // No request, so it has no id to be answered under.
        let taken = self.has_id.then_some("id").into_iter().chain(self.payload.as_ref().map(|_| "payload"));
        let only = self.fields.only(&["n"], taken);
        only.map_err(|error| match self.has_id {
            true => error.with_detail("`credit` takes no `id`: it has no reply"),
            false => error,
        })?;
        let n =
            self.fields.integer("n", 1, 1_000_000)?.ok_or_else(|| self.fields.invalid("n", "is required"))?;
        let n = u32::try_from(n).ok().and_then(std::num::NonZeroU32::new).expect("between 1 and 1 000 000");
        Ok(Request::Credit(n))
    }

    fn payload(&mut self) -> Result<Value, EngineError> {
        self.payload.take().unwrap_or_else(|| Err(self.fields.invalid("payload", "is required")))
    }

    fn command(&mut self) -> Result<Command, EngineError> {
        Ok(Command {
            key: self.fields.key()?,
            subscribe: self.fields.subscribe()?,
            trace: self.fields.trace()?,
            ack: self.fields.boolean("ack")?.unwrap_or(false),
        })
    }

    fn start(mut self) -> Result<Request, EngineError> {
        self.only(&["journeyName", "payload", "key", "subscribe", "trace", "ack"])?;
        let journey_name = self.fields.text("journeyName")?;
        let command = self.command()?;
        Ok(Request::Start(Start { journey_name, payload: self.payload()?, command }))
    }

    fn step(mut self) -> Result<Request, EngineError> {
        self.only(&["journeyId", "stepId", "payload", "key", "ifSeq", "epoch", "subscribe", "trace", "ack"])?;
        let run = self.fields.run()?;
        let step_id = self.fields.short_text("stepId", 1, usize::MAX)?;
        let if_head = self.fields.if_head()?;
        let command = self.command()?;
        Ok(Request::Step(Step { run, step_id, payload: self.payload()?, if_head, command }))
    }

    fn cancel(mut self) -> Result<Request, EngineError> {
        self.only(&["journeyId", "payload", "key", "ifSeq", "epoch", "subscribe", "trace"])?;
        let run = self.fields.run()?;
        let if_head = self.fields.if_head()?;
        Ok(Request::Cancel(Cancel { run, if_head, command: self.command()? }))
    }

    fn subscribe(mut self) -> Result<Request, EngineError> {
        self.only(&["journeyId", "after", "epoch", "events", "conflate", "replay"])?;
        subscription(&mut self.fields).map(Request::Subscribe)
    }

    fn auth(mut self) -> Result<Request, EngineError> {
        self.only(&["scheme", "token"])?;
        bearer(&mut self.fields).map(Request::Auth)
    }

    fn hello(mut self) -> Result<Request, EngineError> {
        self.only(&["client", "features", "heartbeat", "autoSubscribe", "auth", "resume"])?;
        self.fields.short_text("client", 0, 128)?;
        let features = self.fields.texts("features")?.unwrap_or_default();
        let message_heartbeat = match self.fields.text("heartbeat")?.as_deref() {
            None => None,
            Some("control") => Some(false),
            Some("message") => Some(true),
            Some(_) => return Err(self.fields.invalid("heartbeat", "must be `control` or `message`")),
        };
        let auto_subscribe = self.fields.boolean("autoSubscribe")?;
        let auth = match self.fields.object("auth", &["scheme", "token"])? {
            Some(mut inner) => Some(bearer(&mut inner)?),
            None => None,
        };
        let (mut resume, mut excess) = (Vec::new(), Vec::new());
        let known = ["journeyId", "after", "epoch", "events", "conflate", "replay"];
        self.fields.objects("resume", &known, |mut entry| {
            let entry = subscription(&mut entry)?;
            if resume.len() < self.limits.resumed {
                resume.push(entry)
            } else {
                excess.push(entry.run)
            }
            Ok(())
        })?;
        let bookmarks = features.iter().any(|feature| feature == BOOKMARK);
        Ok(Request::Hello(Hello { bookmarks, message_heartbeat, auto_subscribe, auth, resume, excess }))
    }
}

fn subscription(fields: &mut Fields<'_>) -> Result<Subscribe, EngineError> {
    let run = fields.run()?;
    let cursor = fields.cursor()?;
    let mode = fields.text("replay")?;
    let replay = replaying(mode.as_deref(), cursor).map_err(|expected| fields.invalid("replay", expected))?;
    Ok(Subscribe { run, replay, wish: fields.wish()? })
}

/// The credential of `auth` and `hello`.
fn bearer(fields: &mut Fields<'_>) -> Result<Credential, EngineError> {
    if fields.text("scheme")?.as_deref() != Some("bearer") {
        return Err(fields.invalid("scheme", "must be `bearer`"));
    }
    let credential = fields.text("token")?.as_deref().and_then(Credential::of_frame);
    credential.ok_or_else(|| {
        let max = Credential::MAX_IN_FRAME;
        fields.invalid("token", &format!("must be a string of 1 to {max} visible ASCII characters"))
    })
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
