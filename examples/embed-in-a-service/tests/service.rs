//! The service on a real port: a prefix, layers, certificates and operators, seen from outside.

use std::net::SocketAddr;

use embed_in_a_service::{HOST, app, behind_proxies, engine, tls};
use jf_binding_http::Readiness;
use jf_binding_ws::Drain;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct Service {
    address: SocketAddr,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
fn signed(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> (String, String) {
    let key = KeyPair::generate().expect("keys can be made");
    let params = CertificateParams::new([name.to_owned()]).expect("the name is valid");
    let certificate = params.signed_by(&key, authority).expect("the authority signs");
    (certificate.pem(), key.serialize_pem())
}

impl Service {
    async fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("keys can be made");
        let authority = CertifiedIssuer::self_signed(params, key).expect("the authority signs");
        let (certificate, key) = signed(&authority, HOST);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file can be written");
            path
        };
        let (certificate, key) = (write("server.pem", &certificate), write("server.key", &key));
        let config = tls::config(&certificate, &key, &write("ca.pem", &authority.pem()))
            .expect("they belong together");

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let engine = engine().await.expect("the journey is valid");
        let app =
            app(engine, address.port(), Drain::new(), Readiness::starting()).expect("the settings are valid");
        tokio::spawn(tls::serve(tls::TlsListener::new(listener, config), app, std::future::pending()));
        Self { address, authority }
    }

    fn client(&self) -> ClientBuilder {
        let authority = Certificate::from_pem(self.authority.pem().as_bytes()).expect("it is PEM");
        Client::builder().no_proxy().tls_certs_only([authority]).resolve(HOST, self.address)
    }

    fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.address.port())
    }
}

async fn document(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole answer");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Also HTTP-001, HTTP-003: below the prefix everything is where it always is, and the links lead there.
#[tokio::test]
async fn http_054_journeys_live_below_a_prefix() {
    let service = Service::start().await;
    let client = service.client().build().expect("a client");
    let post = async |path: &str, body: Value| {
        document(client.post(service.url(path)).body(body.to_string()).send().await.expect("an answer")).await
    };
    let (status, started) = post("/flows/api/v1/journeys/leave-request/start", json!({ "days": 3 })).await;
    assert_eq!(status, 200, "{started}");
    let step = started["_links"]["decision"]["href"].as_str().expect("a link");
    assert!(step.starts_with("/flows/api/v1/journeys/"), "{step}");
    let (status, ended) = post(step, json!({ "granted": true })).await;
    assert_eq!((status, &ended["phase"]), (200, &json!("SUCCEEDED")));
    let result = ended["_links"]["result"]["href"].as_str().expect("a link");
    let response = client.get(service.url(result)).send().await.expect("an answer");
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000", "a layer of the service");
    assert_eq!(response.status(), 200);

    for path in ["/api/v1/journeys/leave-request/start", "/flowsapi/v1/journeys/leave-request/start"] {
        assert_eq!(post(path, json!({ "days": 3 })).await.0, 404, "{path}");
    }
    let (status, problem) = post("/flows/api/v1/journeys/nothing/start", json!({})).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:journeyforge:error:not-found")));
    let socket = client.get(service.url("/flows/ws/journeys/leave-request")).send().await.expect("an answer");
    assert_eq!(socket.status(), 426, "a WebSocket endpoint");
    let wrong = client.get(service.url("/flows/api/v1/journeys")).header("authorization", "Bearer nobody");
    assert_eq!(wrong.send().await.expect("an answer").status(), 401, "the service's own authentication");
}

#[tokio::test]
async fn http_080_runs_are_listed_by_operators() {
    let service = Service::start().await;
    let client = service.client().build().expect("a client");
    for (user, expected) in [(None, 401), (Some("mia"), 403), (Some("olga"), 200)] {
        let mut request = client.get(service.url("/flows/api/v1/journeys"));
        if let Some(user) = user {
            request = request.header("authorization", format!("Bearer {user}"));
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), expected, "{user:?}");
    }
}

/// Also HTTP-028, ORG-3: the bindings see the certificate, so pages of other sites cannot use it.
#[tokio::test]
async fn tsk_144_certificates_of_clients_reach_the_bindings() {
    let service = Service::start().await;
    let (certificate, key) = signed(&service.authority, "client.example");
    let identity = Identity::from_pem(format!("{certificate}{key}").as_bytes()).expect("a pair");
    for (client, shown, expected) in [
        (service.client(), "0 certificates", 200),
        (service.client().identity(identity), "1 certificates", 403),
    ] {
        let client = client.build().expect("a client");
        let home = client.get(service.url("/")).send().await.expect("an answer");
        assert!(home.text().await.expect("a page").contains(shown));
        let start = client.post(service.url("/flows/api/v1/journeys/leave-request/start"));
        let start = start.header("origin", "https://evil.example").body(r#"{"days":3}"#);
        assert_eq!(start.send().await.expect("an answer").status(), expected);
    }
}

/// A page whose name was pointed here is not answered.
#[tokio::test]
async fn http_028_the_service_answers_to_its_own_name() {
    let service = Service::start().await;
    let client = service.client().build().expect("a client");
    let rebound = client.get(service.url("/")).header("host", "rebound.example");
    assert_eq!(rebound.send().await.expect("an answer").status(), 403);
}

#[tokio::test]
async fn tsk_144_proxies_tell_what_their_clients_have_shown() {
    for (network, shown) in [("127.0.0.0/8", "2 certificates"), ("192.0.2.0/24", "0 certificates")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let engine = engine().await.expect("the journey is valid");
        let app = app(engine, 443, Drain::new(), Readiness::starting()).expect("valid settings");
        let app = behind_proxies(app, &[network]).expect("a network");
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, app).into_future());
        let client = Client::builder().no_proxy().resolve(HOST, address).build().expect("a client");
        let home = client.get(format!("http://{HOST}:{}/", address.port()));
        let home = home.header("client-cert", ":MAA=:").header("client-cert-chain", ":MAE=:");
        let page = home.send().await.expect("an answer").text().await.expect("a page");
        assert!(page.contains(shown), "{network}: {page}");
    }
}

/// HTTP-090: the contract names the server with its prefix, and its page leads to it by a relative address.
#[tokio::test]
async fn http_090_the_contract_lives_below_the_prefix() {
    let service = Service::start().await;
    let client = service.client().build().expect("a client");
    let page = client.get(service.url("/flows/contract")).send().await.expect("an answer");
    assert!(page.headers().contains_key("content-security-policy"));
    let page = page.text().await.expect("a page");
    assert!(page.contains("href=\"contract/openapi.json\""), "{page}");
    let answer = client.get(service.url("/flows/contract/openapi.json")).send().await.expect("an answer");
    let (status, contract) = document(answer).await;
    assert_eq!((status, &contract["servers"][0]["url"]), (200, &json!("/flows/api/v1")));
    assert!(contract["paths"]["/journeys/leave-request/start"]["post"].is_object());
}

/// What the guide shows is what this service does.
#[test]
fn the_guide_shows_this_service() {
    let guide = include_str!("../../../docs/guide/embedding.md");
    let source = include_str!("../src/lib.rs");
    let blocks: Vec<&str> =
        guide.split("```rust,ignore\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3);
    for line in blocks.iter().flat_map(|block| block.lines()).map(str::trim).filter(|line| !line.is_empty()) {
        assert!(source.contains(line), "`{line}` is not in src/lib.rs");
    }
}
