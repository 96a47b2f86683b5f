//! Conformance suites, fakes and drivers for JourneyForge implementations.
//!
//! This crate stands aside of the house: it may use rows 0 to 2, is a development dependency of the crates above, and knows neither
//! an engine nor a binding. What it offers:
//!
//! - [`engine_suite!`]: the contract of [`jf_core::Engine`] as tests that any engine can be run through;
//! - [`store_suite!`]: the same for the contract of [`jf_store::Store`];
//! - [`http_suite!`]: the HTTP API as clients see it, over any engine that is served;
//! - [`ws_suite!`]: the WebSocket protocol as clients see it, over any engine and anything that bytes go through;
//! - [`Driver`]: one way to drive a system through the engine, over HTTP or over WebSocket, with answers that can be compared;
//! - [`ManualClock`] and [`ScriptedHttp`]: time and other services, under the control of a test;
//! - [`scenario`]: scenario files and their runner, which `jf test` is made of;
//! - [`transcript`]: conversations over WebSocket as text files, and a runner that holds any server to them;
//! - [`FaultyStore`]: a store whose commits meet with what a test wants;
//! - [`HttpClient`] and [`WebSocketClient`]: plain clients, for tests of what a driver hides.
//!
//! ```
//! use jf_testkit::{Driver, DriverError, Start};
//! use serde_json::json;
//!
//! /// Gives what must be equal whatever the transport.
//! async fn begin(driver: &dyn Driver) -> Result<serde_json::Value, DriverError> {
//!     let answer = driver.start(Start::new("loan-approval", json!({ "amount": 1200 }))).await?;
//!     Ok(answer.comparable())
//! }
//! ```

mod client;
mod clock;
mod driver;
pub mod engine_cases;
mod engine_suite;
mod expected;
mod faulty_store;
pub mod http_cases;
mod http_suite;
mod matching;
pub mod scenario;
mod scripted_http;
pub mod store_cases;
mod store_suite;
pub mod transcript;
pub mod ws_cases;
mod ws_suite;

pub use client::{ClientError, Closed, Handshake, HttpClient, HttpResponse, WebSocketClient};
pub use clock::ManualClock;
pub use driver::{
    Answer, ApiAnswer, CancelRun, Driver, DriverError, EngineDriver, HttpDriver, LoggedEvent, Request, Run,
    Seen, Start, Submit, WebSocketDriver,
};
pub use engine_cases::world::EngineHost;
pub use engine_suite::engine_suite;
pub use expected::{Bindings, Expected, ExpectedKind};
pub use faulty_store::{Fate, FaultyStore};
pub use http_cases::world::HttpHost;
pub use matching::is_subset;
pub use scripted_http::{RecordedCall, ScriptedHttp, StubReply, StubRule};
pub use store_cases::world::StoreHost;
#[doc(hidden)]
pub use store_suite::in_runtime;
pub use ws_cases::world::{Dialer, WsHost};
