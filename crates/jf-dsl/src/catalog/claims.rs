//! What the versions of one name claim for themselves: paths, gRPC methods and channels (DEF-191, BND-003, BND-012).

use std::collections::HashMap;
use std::sync::Arc;

use super::build::shown;
use crate::ids::Channel;
use crate::json_path::JsonPath;
use crate::load::Loaded;
use crate::rules::Fault;

/// A claim that another name has made first.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) by: Arc<Loaded>,
    /// Where the claim is made; the member may be missing.
    pub(super) at: JsonPath,
}

impl Taken {
    /// Shows the first claim beside a fault of the second.
    pub(super) fn shown(&self, fault: Fault, message: &str) -> Fault {
        fault.label_in(self.by.positions.source(), shown(&self.by, &self.at), message)
    }

    fn of(by: &Arc<Loaded>, at: &JsonPath) -> Self {
        Self { by: Arc::clone(by), at: at.clone() }
    }

    fn is_by(&self, other: &Loaded) -> bool {
        self.by.definition.name() == other.definition.name()
    }
}

/// The first claims, over all versions.
#[derive(Default)]
pub(super) struct Claims {
    routes: HashMap<String, Taken>,
    methods: HashMap<String, Taken>,
    channels: HashMap<Channel, ChannelUses>,
}

/// How a channel is used so far.
#[derive(Default)]
struct ChannelUses {
    start: Option<Taken>,
    /// One step use for each name.
    steps: Vec<Taken>,
}

impl Claims {
    /// The path of an Api.
    pub(super) fn route(&mut self, route: &str, by: &Arc<Loaded>, at: &JsonPath) -> Result<(), Taken> {
        claim(&mut self.routes, route, by, at)
    }

    /// The gRPC method of an Api.
    pub(super) fn method(&mut self, method: &str, by: &Arc<Loaded>, at: &JsonPath) -> Result<(), Taken> {
        claim(&mut self.methods, method, by, at)
    }

    /// A channel of a Journey. The error says whether the other use is a start.
    pub(super) fn channel(
        &mut self,
        channel: &Channel,
        by: &Arc<Loaded>,
        at: &JsonPath,
        starts: bool,
    ) -> Result<(), (Taken, bool)> {
        let uses = self.channels.entry(channel.clone()).or_default();
        let others = |taken: &&Taken| !taken.is_by(by);
        if let Some(start) = uses.start.as_ref().filter(others) {
            return Err((start.clone(), true));
        }
        if let Some(step) = uses.steps.iter().find(others).filter(|_| starts) {
            return Err((step.clone(), false));
        }
        if starts {
            uses.start.get_or_insert_with(|| Taken::of(by, at));
        } else if !uses.steps.iter().any(|step| step.is_by(by)) {
            uses.steps.push(Taken::of(by, at));
        }
        Ok(())
    }
}

fn claim(
    claims: &mut HashMap<String, Taken>,
    what: &str,
    by: &Arc<Loaded>,
    at: &JsonPath,
) -> Result<(), Taken> {
    match claims.get(what) {
        Some(first) if !first.is_by(by) => Err(first.clone()),
        Some(_) => Ok(()),
        None => {
            claims.insert(what.to_owned(), Taken::of(by, at));
            Ok(())
        }
    }
}
