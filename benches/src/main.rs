//! Measures JourneyForge against references in the same process run.
//!
//! ```text
//! cargo run --release -p jf-bench -- all
//! ```
//!
//! Every figure that depends on the machine is printed beside that of a reference measured in turns with it, so that the ratio means
//! something on any machine. Clients and servers share the cores; both sides of a ratio do.

mod check;
mod client;
mod durable;
mod engine;
mod events;
mod http;
mod load;
mod machine;
mod memory;
mod place;
mod report;
mod scale;
mod server;
mod system;
mod task;
mod watchers;
mod ws;

use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::report::Report;

/// The allocator of `jf`. Memory that one thread takes is given back by another all the time here: the allocator of the system waits for locks then.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Measures JourneyForge against references in the same process run.
#[derive(Debug, Parser)]
#[command(name = "jf-bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Length of one measurement, in seconds.
    #[arg(long, global = true, default_value_t = 1.0)]
    seconds: f64,
    /// Measurements per side; the median counts.
    #[arg(long, global = true, default_value_t = 11)]
    rounds: usize,
    /// Print one JSON document instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// HTTP start → outcome of a three-state journey against a bare axum handler.
    Http {
        /// Concurrent keep-alive connections; several values are measured one after the other.
        #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
        clients: Vec<usize>,
    },
    /// WebSocket step round trips against a bare echo server.
    Ws {
        /// Concurrent connections.
        #[arg(long, value_delimiter = ',', default_values_t = [64])]
        clients: Vec<usize>,
    },
    /// Flows kept in memory and in a SQLite file against a service written by hand with four commits per flow.
    Durable {
        /// Concurrent keep-alive connections; several values are measured one after the other.
        #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
        clients: Vec<usize>,
    },
    /// HTTP start → outcome beside event streams that nobody reads, against a server without them.
    Events {
        /// Concurrent keep-alive connections.
        #[arg(long, default_value_t = 64)]
        clients: usize,
    },
    /// Start → outcome through the engine alone, on one core, and by several threads.
    Engine,
    /// Transitions of the interpreter per second on one core.
    Machine,
    /// Resident memory per idle WebSocket connection.
    #[command(alias = "idle")]
    Memory {
        /// Connections held open; several values are measured one after the other.
        #[arg(long, value_delimiter = ',', default_values_t = [2_000, 10_000])]
        connections: Vec<usize>,
    },
    /// Events of a busy run to many watchers of the real server, one of which never reads, against the same without that one.
    Watchers {
        /// Connections that watch, the one included.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(2..))]
        watchers: u16,
    },
    /// Definitions checked per second on one core.
    Check,
    /// What stored runs cost: starts, start-up, memory and lists of the real server from a thousand to a million parked runs. Takes some
    /// minutes and gigabytes, so it is no part of `all`.
    Scale(scale::Scale),
    /// Everything above, but for `scale`.
    All,
}

/// How long and how often to measure.
#[derive(Debug, Clone, Copy)]
struct Effort {
    time: Duration,
    rounds: usize,
}

fn main() {
    let arguments = Arguments::parse();
    let effort = Effort { time: Duration::from_secs_f64(arguments.seconds), rounds: arguments.rounds.max(1) };
    let mut report = Report::default();
    match arguments.what {
        What::Http { clients } => http::measure(&clients, effort, &mut report),
        What::Ws { clients } => ws::measure(&clients, effort, &mut report),
        What::Durable { clients } => durable::measure(&clients, effort, &mut report),
        What::Events { clients } => events::measure(clients, effort, &mut report),
        What::Engine => engine::measure(effort, &mut report),
        What::Machine => machine::measure(effort, &mut report),
        What::Memory { connections } => memory::measure(&connections, &mut report),
        What::Watchers { watchers } => watchers::measure(watchers.into(), effort, &mut report),
        What::Check => check::measure(effort, &mut report),
        What::Scale(scale) => scale.measure(effort, &mut report),
        What::All => {
            http::measure(&[1, 16, 64], effort, &mut report);
            events::measure(64, effort, &mut report);
            ws::measure(&[64], effort, &mut report);
            durable::measure(&[1, 16, 64], effort, &mut report);
            engine::measure(effort, &mut report);
            machine::measure(effort, &mut report);
            memory::measure(&[2_000, 10_000], &mut report);
            watchers::measure(1000, effort, &mut report);
            check::measure(effort, &mut report);
        }
    }
    report.print(arguments.json);
}
