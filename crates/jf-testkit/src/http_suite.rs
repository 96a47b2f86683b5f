//! The HTTP API as tests.

/// Makes a `#[tokio::test]` of every [case](crate::http_cases) of the HTTP API, over the servers of a host.
///
/// The calling crate needs `tokio` with its macros and the multi-threaded runtime. The host is anything that implements
/// [`HttpHost`](crate::HttpHost): usually a closure that makes an engine from a catalog, serves a router over it, and gives the address.
///
/// ```no_run
/// # use std::net::SocketAddr;
/// # use jf_core::dsl::Catalog;
/// # async fn serve(_: Catalog) -> SocketAddr { std::future::pending().await }
/// mod http {
///     # use super::*;
///     jf_testkit::http_suite!(serve);
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! http_suite {
    ($host:expr) => {
        $crate::http_suite!(@tests ($host)
            commands_and_reads_have_their_statuses
            readers_who_have_the_document_get_304
            heads_are_gets_without_their_bodies
            events_are_the_documents_of_the_reads
            wrong_requests_have_their_problems
            refusals_change_nothing
            absent_runs_look_alike
        );
    };
    (@tests ($host:expr) $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::http_cases::$case(&$host).await;
            }
        )+
    };
}
