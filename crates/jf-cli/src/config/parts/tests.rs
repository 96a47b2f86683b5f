use jf_binding_ws::WsConfig;
use jf_core::spi::EvalLimits;
use jf_dsl::MetadataLimits;
use jf_engine::EngineConfig;
use jf_store::Retention;
use jf_task_http::ConnectorConfig;
use serde_json::json;

use super::super::Config;
use super::Use;

/// The table and the crates below agree on what holds without configuration.
#[test]
fn eng_145_defaults_are_those_of_the_parts() {
    let config = Config::default();
    assert_eq!(config.engine(MetadataLimits::default()), EngineConfig::default());
    assert_eq!(config.retention(), Retention::default());
    assert_eq!(config.expression_limits("jq"), EvalLimits::default());
    assert_eq!(config.metadata_limits(MetadataLimits::default()), MetadataLimits::default());
    let server = Use::Server("127.0.0.1:8080".parse().unwrap());
    let mut connector = ConnectorConfig::default();
    connector.deny_private_networks = Some(true);
    assert_eq!(config.connector(server), connector);
    let (ours, theirs) = (config.websocket("127.0.0.1:8080".parse().unwrap()), WsConfig::default());
    assert_eq!(ours.limits, theirs.limits);
    assert_eq!((ours.heartbeat, ours.drain_window), (theirs.heartbeat, theirs.drain_window));
    assert_eq!(ours.status_min_interval, theirs.status_min_interval);
    assert_eq!(ours.in_band_auth, theirs.in_band_auth);
}

#[test]
fn tsk_038_self_is_the_listener_and_nothing_without_one() {
    let rules = json!([{"from": "http://pricing.example", "to": "self"}, {"from": "http://a.example", "to": "http://b.example"}]);
    let config = Config::default().with("connectors.http.rewrite", rules).unwrap();
    let targets = |purpose| -> Vec<String> {
        config.connector(purpose).rewrite.iter().map(|rule| rule.to.to_string()).collect()
    };
    let any = Use::Server("0.0.0.0:9000".parse().unwrap());
    assert_eq!(targets(any), ["http://127.0.0.1:9000", "http://b.example:80"]);
    assert_eq!(targets(Use::Server("[::]:9000".parse().unwrap()))[0], "http://[::1]:9000");
    assert_eq!(targets(Use::Command), ["http://b.example:80"]);
    assert!(!config.connector(Use::Command).denies_private_networks());
    assert!(config.connector(any).denies_private_networks());
}

#[test]
fn exp_045_limits_of_one_language_win_over_the_common_ones() {
    let config = Config::default()
        .with("plugins.expressions.defaults.maxEvalMs", 100)
        .and_then(|config| config.with("plugins.expressions.engines.jq.maxEvalMs", 200))
        .unwrap();
    assert_eq!(config.expression_limits("jq").time.as_millis(), 200);
    assert_eq!(config.expression_limits("jsonata").time.as_millis(), 100);
}

#[test]
fn def_116_the_configuration_wins_over_the_document_and_the_document_over_the_defaults() {
    let mut document = MetadataLimits::default();
    (document.attributes.max_keys, document.instance_tags.max_count) = (3, 4);
    let config = Config::default().with("metadataLimits.attributes.maxKeys", 5).unwrap();
    let limits = config.metadata_limits(document);
    assert_eq!(
        (limits.attributes.max_keys, limits.instance_tags.max_count, limits.instance_tags.max_length),
        (5, 4, 40)
    );
}

#[test]
fn org_1_own_origins_are_the_public_one_or_those_of_a_loopback_listener() {
    let config = Config::default().with("publicBaseUrl", "https://j.example.com/flows").unwrap();
    assert_eq!(config.own_origins("127.0.0.1:80".parse().unwrap()), ["https://j.example.com"]);
    assert_eq!(Config::default().own_origins("127.0.0.1:81".parse().unwrap()).len(), 3);
    assert!(Config::default().own_origins("0.0.0.0:81".parse().unwrap()).is_empty());
}
