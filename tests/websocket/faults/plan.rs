//! What a client is going to do, and what it wants to see.

/// Whether commands wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Each is sent when the one before is answered.
    Patient,
    /// All that can be sent are sent.
    Pipelined,
}

/// What is done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// So many of three steps, the last of which ends it; else it is cancelled in the end, or left as it is.
    Order {
        /// Steps after the start.
        steps: usize,
        /// What happens then.
        cancels: bool,
    },
    /// Two entries, each read under a guard. The second one takes the right to read away from everybody, as a look shows.
    Casefile,
}

/// One conversation, over as many connections as it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) story: Story,
    /// The story is lived by so many runs at once.
    pub(crate) runs: usize,
    pub(crate) pace: Pace,
    /// Only the newest state is wanted.
    pub(crate) conflate: bool,
    /// Commands ask to be told when they are durable.
    pub(crate) acks: bool,
    /// The server keeps one event of a run, so that a client that was away may be told of a gap.
    pub(crate) forgets: bool,
}

/// Reads a run. What may not be read is refused to it.
pub(crate) const LOOK: &str = "getStatus";

/// A message of a plan. Each but a look has a key of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    /// Which of the runs it is about.
    pub(crate) run: usize,
    pub(crate) kind: &'static str,
    pub(crate) step: &'static str,
    pub(crate) payload: &'static str,
}

impl Plan {
    /// An order on its whole way, of which everything is seen.
    pub(crate) const fn whole(pace: Pace) -> Self {
        let story = Story::Order { steps: 3, cancels: false };
        Self { story, runs: 1, pace, conflate: false, acks: false, forgets: false }
    }

    pub(crate) const fn journey(&self) -> &'static str {
        match self.story {
            Story::Order { .. } => "order",
            Story::Casefile => "casefile",
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("/ws/journeys/{}", self.journey())
    }

    /// In their order: what is done with one run is done with the others, before anything else.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut story = match self.story {
            Story::Order { steps, .. } => {
                let whole = [
                    ("placeOrder", "", r#"{"orderId":"A-17"}"#),
                    ("decide", "approve", r#"{"decision":"approve"}"#),
                    ("decide", "docs", r#"{"page":1}"#),
                    ("sign", "sign", r#"{"by":"mia"}"#),
                ];
                whole[..=steps].to_vec()
            }
            Story::Casefile => vec![
                ("openFile", "", "{}"),
                ("addEntry", "entry", r#"{"seal":false}"#),
                ("addEntry", "entry", r#"{"seal":true}"#),
                (LOOK, "", "null"),
            ],
        };
        if let Story::Order { steps: 0..3, cancels: true } = self.story {
            story.push(("cancel", "", "{}"));
        }
        let of_each = |(kind, step, payload): &(&'static str, &'static str, &'static str)| {
            let command = Command { run: 0, kind, step, payload };
            (0..self.runs).map(move |run| Command { run, ..command })
        };
        story.iter().flat_map(of_each).collect()
    }

    /// Whether a run is over when everything is done.
    pub(crate) const fn ends(&self) -> bool {
        matches!(self.story, Story::Order { steps: 3, .. } | Story::Order { cancels: true, .. })
    }

    /// Whether nobody may read a run when everything is done.
    pub(crate) const fn seals(&self) -> bool {
        matches!(self.story, Story::Casefile)
    }

    /// The states that the log of a run has to have in the end: the creation is told before the first state is entered.
    pub(crate) fn log(&self) -> Vec<&'static str> {
        let Story::Order { steps, .. } = self.story else { return vec!["entry"; 4] };
        let mut states = vec!["approve", "approve", "docs", "sign"];
        states.truncate(2 + steps.min(2));
        if self.ends() {
            states.push("end");
        }
        states
    }
}
