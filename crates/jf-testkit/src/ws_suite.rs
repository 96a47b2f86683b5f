//! The WebSocket protocol as tests.

/// Makes a `#[tokio::test]` of every [case](crate::ws_cases) of the WebSocket protocol, over the connections of a host.
///
/// The calling crate needs `tokio` with its macros and the multi-threaded runtime. The host is anything that implements
/// [`WsHost`](crate::WsHost): usually a closure that makes an engine from a catalog and says how clients get to the binding over it, be
/// it a port or a pipe.
///
/// ```no_run
/// # use jf_core::dsl::Catalog;
/// # use jf_testkit::Dialer;
/// # async fn serve(_: Catalog) -> std::net::SocketAddr { std::future::pending().await }
/// mod websocket {
///     # use super::*;
///     jf_testkit::ws_suite!(|catalog| async { Dialer::port(serve(catalog).await) });
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! ws_suite {
    ($host:expr) => {
        $crate::ws_suite!(@tests ($host)
            a_run_is_driven_and_watched
            documents_are_those_of_the_reads
            subscriptions_go_on_where_they_were
            every_request_has_one_reply
            commands_are_applied_in_their_order
            wrong_frames_have_their_problems
            refusals_change_nothing
            absent_runs_look_alike
            broken_framing_closes_its_connection
            a_connection_that_goes_takes_nothing_along
        );
    };
    (@tests ($host:expr) $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::ws_cases::$case(&$host).await;
            }
        )+
    };
}
