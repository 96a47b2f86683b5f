//! What requests do: futures that end in something to tell. They own all they need, so that dropping them is all it takes to
//! end a connection, and the runs do not notice (WS-025).

use std::borrow::Cow;
use std::sync::Arc;

use futures::future::BoxFuture;
use jf_core::{
    At, ByteShare, Caller, Cursor, Engine, EngineError, EngineErrorKind, Head, JourneyId, JourneyOutcome,
    JourneyStartResponse, JourneyStatus, Opened, Replaying, StartReply, StartRequest, StepRef, SubmitStep,
    SubscribeOptions, Subscription, TraceContext,
};
use jf_dsl::Definition;
use smol_str::SmolStr;

use super::core::{Leave, Occasion};
use super::turns::Turn;
use crate::authenticator::{AuthenticationError, Identity};
use crate::binding::Shared;
use crate::credential::Credential;
use crate::frames::{Cancel, Command, RequestId, RunRef, Start, Step, Subscribe, Wish};
use crate::routing::{Endpoint, Served, Tables};

/// A request at work.
pub(crate) type Work = BoxFuture<'static, Done>;

/// Which request something belongs to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    pub(crate) id: Option<RequestId>,
    /// The run that the frame names.
    pub(crate) run: Option<RunRef>,
    /// It carried a caller key.
    pub(crate) keyed: bool,
    /// It is no frame of its own, but an entry of `hello.resume`.
    pub(crate) resumed: bool,
    /// What it takes until it is answered.
    pub(crate) share: Option<Arc<ByteShare>>,
}

impl Ticket {
    /// That of an entry of `hello.resume`, which names `run`.
    pub(crate) fn of_resumed(run: RunRef) -> Self {
        Self { run: Some(run), resumed: true, ..Self::default() }
    }
}

/// What came of a request, or of a part of it.
pub(crate) enum Done {
    /// The command is durable; the reply follows (OP-3).
    Accepted {
        ticket: Ticket,
        run: JourneyId,
        at: Head,
        rest: Work,
    },
    /// What tells of an effect, or repeats what told of one.
    Replied(Ticket, Box<Reply>),
    Failed(Ticket, EngineError),
    /// A question was answered, in whatever way.
    Read(Ticket, Result<Box<Reply>, EngineError>),
    Opened(Box<Opening>),
    /// A credential was judged.
    Authenticated {
        ticket: Ticket,
        credential: Credential,
        occasion: Occasion,
        verdict: Result<Identity, AuthenticationError>,
    },
    /// Its turn has come to end a subscription.
    Unsubscribe(Ticket, JourneyId),
}

/// A document to answer with.
pub(crate) struct Reply {
    pub(crate) run: JourneyId,
    pub(crate) document: Document,
    pub(crate) step: Option<StepRef>,
    pub(crate) replayed: bool,
    pub(crate) served: Arc<Served>,
    /// What `served` was found in.
    pub(crate) context: Arc<Context>,
    /// Subscribe before answering (SUB-1, SUB-2).
    pub(crate) wish: Option<Wish>,
    /// The reply says whether a subscription exists.
    pub(crate) tells_subscribed: bool,
}

pub(crate) enum Document {
    Started(Box<At<JourneyStartResponse>>),
    Status(Box<At<JourneyStatus>>),
    Outcome(Box<At<JourneyOutcome>>),
}

impl Document {
    pub(crate) fn at(&self) -> &Head {
        match self {
            Self::Started(started) => &started.at,
            Self::Status(status) => &status.at,
            Self::Outcome(outcome) => &outcome.at,
        }
    }
}

/// A subscription that was opened or not, for a reply or for a `subscribe`.
pub(crate) struct Opening {
    pub(crate) ticket: Ticket,
    pub(crate) reply: Option<Reply>,
    pub(crate) run: JourneyId,
    pub(crate) wish: Wish,
    pub(crate) replay: Replaying,
    pub(crate) result: Result<(Subscription, Opened, Arc<Served>), EngineError>,
}

/// What requests need of their connection. It is replaced, never changed: requests keep that of their arrival.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    /// Those that `endpoint` is of.
    pub(crate) tables: Arc<Tables>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) caller: Caller,
    pub(crate) leave: Leave,
}

impl Context {
    /// That of a client at `path`, as things are deployed now.
    pub(crate) fn new(shared: Arc<Shared>, path: &str, caller: Caller, leave: Leave) -> Self {
        let tables = shared.routes.tables();
        let endpoint = tables.at(path).cloned().unwrap_or_default();
        Self { shared, tables, endpoint, caller, leave }
    }

    fn engine(&self) -> &dyn Engine {
        &*self.shared.engine
    }

    /// The version of a run, if it is reachable here (RT-5). All else looks like an unknown run (ACC-3).
    async fn locate(&self, run: &JourneyId) -> Result<Arc<Served>, EngineError> {
        let definition: Arc<Definition> = self.engine().locate(run).await?;
        self.endpoint.served(&definition)
    }

    /// The same for an operation that the read guard stands before. A run that is not reachable is refused when one that is denied is
    /// (ENG-113): a read of one that is nobody's says when that is.
    async fn locate_guarded(&self, run: &JourneyId) -> Result<Arc<Served>, EngineError> {
        match self.locate(run).await {
            Err(error) if error.kind() == EngineErrorKind::NotFound => {
                let nobody = self.engine().get_status(&JourneyId::random(), &self.caller).await;
                Err(nobody.err().unwrap_or(error))
            }
            located => located,
        }
    }

    fn traced(&self, command: Option<TraceContext>) -> Cow<'_, Caller> {
        if command.as_ref() == self.caller.trace() {
            return Cow::Borrowed(&self.caller);
        }
        Cow::Owned(self.caller.with_trace(command))
    }
}

/// A run with its version, where an earlier request of the same context has found that: a run keeps its version (DEF-028), so that it is
/// not asked for twice.
pub(crate) struct Target {
    pub(crate) run: JourneyId,
    pub(crate) served: Option<Arc<Served>>,
}

impl Target {
    /// The version, and what a look at it gives. A refusal by a version that was known must not tell that the run exists, if it does
    /// no longer (ACC-3): then the run is asked for first.
    async fn served_with<T>(
        &mut self,
        context: &Context,
        look: impl Fn(&Served) -> Result<T, EngineError>,
    ) -> Result<(Arc<Served>, T), EngineError> {
        if let Some(served) = self.served.take()
            && let Ok(found) = look(&served)
        {
            context.leave.check()?;
            return Ok((served, found));
        }
        // No guard stands before a submission, so that there is none to wait for.
        let served = context.locate(&self.run).await;
        context.leave.check()?;
        let served = served?;
        let found = look(&served)?;
        Ok((served, found))
    }

    /// The version, for those who turn to the engine with it at once and whom the read guard awaits there.
    async fn served(&mut self, context: &Context) -> Result<Arc<Served>, EngineError> {
        let served = match self.served.take() {
            Some(served) => Ok(served),
            None => context.locate_guarded(&self.run).await,
        };
        // A turn and a look-up may have taken a while, and what they came to is not told either.
        context.leave.check()?;
        served
    }
}

pub(crate) async fn start(
    context: Arc<Context>,
    ticket: Ticket,
    frame_type: SmolStr,
    start: Start,
    auto: bool,
) -> Done {
    let Start { journey_name, payload, command } = start;
    let wish = command.subscribe.unwrap_or_else(|| auto.then(Wish::default));
    let admitted = async {
        let serving = context.endpoint.start(&frame_type, journey_name.as_deref())?;
        let request =
            StartRequest::new(serving.definition.name().as_str(), payload)?.with_key(command.key.clone());
        let started = context.engine().start(request, &context.traced(command.trace.clone())).await?;
        // A repeated start may have been of another version.
        let served = if started.replayed {
            context.locate(&started.journey_id).await.unwrap_or(serving)
        } else {
            serving
        };
        Ok((started, served))
    };
    let (started, served) = match admitted.await {
        Ok(admitted) => admitted,
        Err(error) => return Done::Failed(ticket, error),
    };
    let accepted = acceptance(&command, started.replayed, &ticket, &started.journey_id, &started.at);
    match accepted {
        Some(accepted) => accepted.then(started_document(context, ticket, started, served, wish)),
        None => started_document(context, ticket, started, served, wish).await,
    }
}

/// Waits for the document that answers a start.
async fn started_document(
    context: Arc<Context>,
    ticket: Ticket,
    started: jf_core::Started,
    served: Arc<Served>,
    wish: Option<Wish>,
) -> Done {
    let (run, replayed) = (started.journey_id.clone(), started.replayed);
    let document = match started.settled().await {
        Ok(StartReply::Started(started)) => Document::Started(started.into()),
        Ok(StartReply::Status(status)) => Document::Status(status.into()),
        Ok(StartReply::Outcome { outcome, .. }) => Document::Outcome(outcome.into()),
        Ok(_) => {
            return Done::Failed(ticket, EngineError::unsupported("this kind of reply over WebSocket"));
        }
        Err(error) => return Done::Failed(ticket, error),
    };
    let (step, tells_subscribed) = (None, true);
    let reply = Reply { run, document, step, replayed, served, context, wish, tells_subscribed };
    Done::Replied(ticket, Box::new(reply))
}

pub(crate) async fn step(
    context: Arc<Context>,
    ticket: Ticket,
    frame_type: SmolStr,
    step: Step,
    mut target: Target,
    mut turn: Turn,
) -> Done {
    let Step { run: _, step_id, payload, if_head, mut command } = step;
    let admitted = async {
        turn.mine().await;
        let (served, wanted) = target
            .served_with(&context, |served| {
                served.target(&frame_type, step_id.as_deref(), context.shared.config.require_step_id)
            })
            .await?;
        let request = SubmitStep::new(target.run, wanted, payload)
            .with_key(command.key.take())
            .with_if_head(if_head.map(|condition| vec![condition]));
        let caller = context.traced(command.trace.take());
        let submitted = turn.give(context.engine().submit_step(request, &caller)).await?;
        Ok((submitted, served))
    };
    let admitted = admitted.await;
    settle(context, admitted, ticket, &command).await
}

pub(crate) async fn cancel(
    context: Arc<Context>,
    ticket: Ticket,
    cancel: Cancel,
    mut target: Target,
    mut turn: Turn,
) -> Done {
    let Cancel { run: _, if_head, mut command } = cancel;
    let admitted = async {
        turn.mine().await;
        let served = target.served(&context).await?;
        let request = jf_core::Cancel::new(target.run)
            .with_key(command.key.take())
            .with_if_head(if_head.map(|condition| vec![condition]));
        let caller = context.traced(command.trace.take());
        let submitted = turn.give(context.engine().cancel(request, &caller)).await?;
        Ok((submitted, served))
    };
    let admitted = admitted.await;
    settle(context, admitted, ticket, &command).await
}

/// Waits for the status that answers a step or a cancellation.
async fn settle(
    context: Arc<Context>,
    admitted: Result<(jf_core::Submitted, Arc<Served>), EngineError>,
    ticket: Ticket,
    command: &Command,
) -> Done {
    let (submitted, served) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return Done::Failed(ticket, error),
    };
    let accepted = acceptance(command, submitted.replayed, &ticket, &submitted.journey_id, &submitted.at);
    match accepted {
        Some(accepted) => {
            accepted.then(settled_status(context, ticket, submitted, served, command.subscribe))
        }
        None => settled_status(context, ticket, submitted, served, command.subscribe).await,
    }
}

async fn settled_status(
    context: Arc<Context>,
    ticket: Ticket,
    submitted: jf_core::Submitted,
    served: Arc<Served>,
    subscribe: Option<Option<Wish>>,
) -> Done {
    let (run, step, replayed) = (submitted.journey_id.clone(), submitted.step.clone(), submitted.replayed);
    match submitted.settled().await {
        Ok(status) => {
            let (wish, tells_subscribed) = (subscribe.flatten(), subscribe.is_some());
            let document = Document::Status(status);
            let reply = Reply { run, document, step, replayed, served, context, wish, tells_subscribed };
            Done::Replied(ticket, Box::new(reply))
        }
        Err(error) => Done::Failed(ticket, error),
    }
}

/// A command that is to be acknowledged before it is answered (OP-3).
struct Acceptance {
    ticket: Ticket,
    run: JourneyId,
    at: Head,
}

fn acceptance(
    command: &Command,
    replayed: bool,
    ticket: &Ticket,
    run: &JourneyId,
    at: &Head,
) -> Option<Acceptance> {
    (command.ack && !replayed).then(|| Acceptance {
        ticket: ticket.clone(),
        run: run.clone(),
        at: at.clone(),
    })
}

impl Acceptance {
    /// Hands over the rest of the command. A command without acknowledgement does its rest in place.
    fn then(self, rest: impl Future<Output = Done> + Send + 'static) -> Done {
        let Self { ticket, run, at } = self;
        Done::Accepted { ticket, run, at, rest: Box::pin(rest) }
    }
}

pub(crate) async fn get_status(context: Arc<Context>, ticket: Ticket, mut target: Target) -> Done {
    let read = async {
        let served = target.served(&context).await?;
        let status = context.engine().get_status(&target.run, &context.caller).await?;
        Ok(Reply::read(target.run, Document::Status(status.into()), served, &context))
    };
    Done::Read(ticket, read.await)
}

pub(crate) async fn get_outcome(context: Arc<Context>, ticket: Ticket, mut target: Target) -> Done {
    let read = async {
        let served = target.served(&context).await?;
        let outcome = context.engine().get_outcome(&target.run, &context.caller).await?;
        Ok(Reply::read(target.run, Document::Outcome(outcome.into()), served, &context))
    };
    Done::Read(ticket, read.await)
}

impl Reply {
    fn read(run: JourneyId, document: Document, served: Arc<Served>, context: &Arc<Context>) -> Box<Self> {
        let (step, replayed, wish, tells_subscribed) = (None, false, None, false);
        let context = Arc::clone(context);
        Box::new(Self { run, document, step, replayed, served, context, wish, tells_subscribed })
    }

    /// The cursor of a subscriber that gets this reply: what an outcome alone delivers is still to come (SEQ-5).
    pub(crate) fn cursor(&self) -> Cursor {
        let (ended, at) = match &self.document {
            Document::Status(status) => (status.document.phase.is_final(), &status.at),
            document => (false, document.at()),
        };
        Cursor { epoch: Some(at.epoch.clone()), after: at.seq.saturating_sub(u64::from(ended)) }
    }
}

/// Opens the subscription a command asked for, before its reply is written.
pub(crate) async fn open_for_reply(
    context: Arc<Context>,
    ticket: Ticket,
    reply: Box<Reply>,
    wish: Wish,
    mut turn: Turn,
) -> Done {
    turn.mine().await;
    let (run, replay) = (reply.run.clone(), Replaying::After(reply.cursor()));
    let served = Arc::clone(&reply.served);
    let opened = context.open(run.clone(), &replay, wish).await;
    let result = opened.map(|(subscription, opened)| (subscription, opened, served));
    drop(turn);
    Done::Opened(Box::new(Opening { ticket, reply: Some(*reply), run, wish, replay, result }))
}

/// Opens the subscription of a `subscribe`, in its turn.
pub(crate) async fn subscribe(
    context: Arc<Context>,
    ticket: Ticket,
    mut target: Target,
    request: Subscribe,
    mut turn: Turn,
) -> Done {
    let Subscribe { replay, wish, .. } = request;
    turn.mine().await;
    let opened = async {
        let served = target.served(&context).await?;
        let (subscription, opened) = context.open(target.run.clone(), &replay, wish).await?;
        Ok((subscription, opened, served))
    };
    let result = opened.await;
    drop(turn);
    Done::Opened(Box::new(Opening { ticket, reply: None, run: target.run, wish, replay, result }))
}

/// Has a credential judged (AUTH-5).
pub(crate) async fn authenticate(
    context: Arc<Context>,
    ticket: Ticket,
    credential: Credential,
    occasion: Occasion,
) -> Done {
    let authenticator = context.shared.config.authenticator.as_deref();
    let verdict = credential.judge(authenticator, &context.caller).await;
    Done::Authenticated { ticket, credential, occasion, verdict }
}

/// Waits for the turn of a subscription that is refused.
pub(crate) async fn refuse(ticket: Ticket, error: EngineError, mut turn: Turn) -> Done {
    turn.mine().await;
    Done::Failed(ticket, error)
}

/// Waits for the turn of an `unsubscribe`.
pub(crate) async fn unsubscribe(ticket: Ticket, run: JourneyId, mut turn: Turn) -> Done {
    turn.mine().await;
    Done::Unsubscribe(ticket, run)
}

impl Context {
    async fn open(
        &self,
        run: JourneyId,
        replay: &Replaying,
        wish: Wish,
    ) -> Result<(Subscription, Opened), EngineError> {
        let options = SubscribeOptions::from(replay.clone())
            .with_filter(wish.filter)
            .with_conflate(wish.conflate)
            .with_max_replay(self.shared.config.limits.max_replay_events);
        Subscription::open(Arc::clone(&self.shared.engine), run, options, &self.caller).await
    }
}
