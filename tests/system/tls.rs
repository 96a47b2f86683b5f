//! TLS of the real server, with clients of several makes.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use http::Version;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;

use crate::support::binary::{Serving, run};
use crate::support::downstream::Downstream;
use crate::support::loans::drive_loans;
use crate::support::pki::Pki;
use crate::support::raw::{RawHttp, statuses};
use crate::support::{in_time, journeys, root, urn};

const START: &str = "/api/v1/journeys/review/start";

fn order() -> String {
    json!({ "orderId": "A-17", "amount": 1 }).to_string()
}

async fn start(
    client: &Client,
    serving: &Serving,
    origin: Option<&str>,
) -> reqwest::Result<reqwest::Response> {
    let mut request = client.post(serving.url(START)).body(order());
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    in_time("an answer", request.send()).await
}

/// HTTP-001, HTTP-003, HS-1: the same API, over the version that client and server agree on; WebSocket takes HTTP/1.1.
#[tokio::test]
async fn http_001_clients_speak_http_1_and_2_over_tls() {
    let pki = Pki::new();
    let serving = Serving::start(&journeys(), Some(&pki.config(""))).await;
    assert!(serving.url("/").starts_with("https://"));
    for (client, version) in
        [(pki.http(None), Version::HTTP_2), (pki.http(None).http1_only(), Version::HTTP_11)]
    {
        let client = client.build().unwrap();
        let started = start(&client, &serving, None).await.unwrap();
        assert_eq!((started.status().as_u16(), started.version()), (200, version));
        let started: Value = serde_json::from_str(&started.text().await.unwrap()).unwrap();
        let run = serving.url(started["_links"]["self"]["href"].as_str().unwrap());
        assert_eq!(client.get(run).send().await.unwrap().status(), 200);
        let large = client.post(serving.url(START)).body("x".repeat(3_000_000)).send().await.unwrap();
        assert_eq!(large.status(), 413, "{version:?}");
        let socket = client.get(serving.url("/ws/journeys/review")).send().await.unwrap();
        assert_eq!(socket.status(), 426, "{version:?}");
    }
    let many = pki.http(None).build().unwrap();
    let asked = (0..300).map(|_| start(&many, &serving, None));
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.unwrap().status(), 200, "more at once than one connection has streams");
    }
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--http2", "--cacert"])
        .arg(pki.path("ca.pem"))
        .args(["--write-out", " %{http_version} %{http_code}", &serving.url("/livez")])
        .output();
    let output = in_time("curl", output).await.expect("curl is installed");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        " 2 200",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("WARN"), "nothing that clients send is worth a warning: {log}");
}

/// HTTP-028: there are no plain answers on such a port but one, for people; and HTTP/2 can be off.
#[tokio::test]
async fn hs_1_plain_http_is_told_to_speak_tls() {
    let pki = Pki::new();
    let serving = Serving::start(&journeys(), Some(&pki.config(", http2: false"))).await;
    let request = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = RawHttp::connect(serving.address()).await.last_words(request.as_bytes()).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(
        statuses(&answer) == [400] && text.contains("https") && text.contains(&urn("invalid-input")),
        "{text}"
    );
    let noise = RawHttp::connect(serving.address()).await.last_words(b"\x16\x03\x01\x00\x05hello").await;
    assert!(statuses(&noise).is_empty());
    let answer = pki.http(None).build().unwrap().get(serving.url("/livez")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_11));
    let unknown = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    assert!(unknown.get(serving.url("/livez")).send().await.is_err(), "nobody has vouched for the server");
}

/// WS-020, WS-022: a conversation over TLS, and one of another language.
#[tokio::test]
async fn ws_022_websocket_runs_over_tls() {
    let pki = Pki::new();
    let serving =
        Serving::start(&root().join("examples/journeys/loan-approval.journey.yaml"), Some(&pki.config("")))
            .await;
    let stream = pki.connect(serving.address(), None, "http/1.1").await.unwrap();
    let url = format!("wss://localhost:{}/ws/loans", serving.address().port());
    let (mut socket, _) =
        in_time("a handshake", Box::pin(tokio_tungstenite::client_async(url, stream))).await.unwrap();
    let welcome = in_time("the welcome", socket.next()).await.unwrap().unwrap();
    assert!(welcome.to_text().unwrap().contains("\"welcome\""));
    let ping = json!({ "type": "ping", "id": "1" });
    socket.send(Message::text(ping.to_string())).await.unwrap();
    let pong = in_time("a pong", socket.next()).await.unwrap().unwrap();
    assert!(pong.to_text().unwrap().contains("\"pong\""));

    drive_loans(&format!("wss://localhost:{}/ws/loans", serving.address().port()), Some(&pki.path("ca.pem")))
        .await;
}

/// TSK-144, HTTP-028, ORG-3: who shows a certificate is known by it, which a page of another site could abuse; who shows a wrong one is not let in.
#[tokio::test]
async fn tsk_144_clients_are_known_by_their_certificates() {
    let pki = Pki::new();
    for (auth, without) in [("required", None), ("optional", Some(200))] {
        let serving = Serving::start(&journeys(), Some(&pki.mutual(auth))).await;
        for http1 in [false, true] {
            let client = |identity| {
                let client = pki.http(identity);
                if http1 { client.http1_only().build().unwrap() } else { client.build().unwrap() }
            };
            let known = client(Some(&pki.client));
            let nobody = client(None);
            assert_eq!(start(&known, &serving, None).await.unwrap().status(), 200, "{auth}");
            let answer = start(&nobody, &serving, None).await.ok().map(|answer| answer.status().as_u16());
            assert_eq!(answer, without, "{auth}");
            let stranger = client(Some(&pki.stranger));
            assert!(start(&stranger, &serving, None).await.is_err(), "{auth}");

            let evil = Some("https://evil.example");
            let abused = start(&known, &serving, evil).await.unwrap();
            assert_eq!(abused.status(), 403, "the binding knows of the certificate");
            if without.is_some() {
                assert_eq!(start(&nobody, &serving, evil).await.unwrap().status(), 200, "nothing to abuse");
            }
        }
        let handshake = |origin: &'static str| {
            let url = format!("wss://localhost:{}/ws/journeys/review", serving.address().port());
            http::Request::get(url)
                .header("host", "localhost")
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
                .header("origin", origin)
                .body(())
                .unwrap()
        };
        let own = format!("https://localhost:{}", serving.address().port());
        let own: &'static str = own.leak();
        for (origin, is_admitted) in [(own, true), ("https://evil.example", false)] {
            let stream = pki.connect(serving.address(), Some(&pki.client), "http/1.1").await.unwrap();
            let connected =
                in_time("a handshake", Box::pin(tokio_tungstenite::client_async(handshake(origin), stream)))
                    .await;
            assert_eq!(connected.is_ok(), is_admitted, "{origin}");
        }
    }
}

/// TSK-144: a proxy may say which certificate a client has shown to it, and nobody else may.
#[tokio::test]
async fn tsk_144_certificates_are_told_by_proxies_only() {
    let pki = Pki::new();
    let der: String = pki.client.certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let pem: String = pki.client.certificate.replace('\n', "%0A").replace(' ', "%20");
    for (form, header, value) in
        [("rfc9440", "Client-Cert", format!(":{der}:")), ("pem", "X-Client-Cert", pem)]
    {
        for (address, is_trusted) in [("127.0.0.0/8", true), ("192.0.2.1", false)] {
            let config = format!(
                "store: memory\nhttp.proxies: {{ addresses: [{address}], certificateHeader: {header}, certificateForm: {form} }}\n"
            );
            let serving = Serving::start(&journeys(), Some(&config)).await;
            // A page of another site must not use the certificate of its visitor: so it shows whether there is one.
            let ask = async |lines: &str| {
                let body = order();
                let request = format!(
                    "POST {START} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n{lines}Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                RawHttp::connect(serving.address()).await.exchange(request.as_bytes()).await.status
            };
            assert_eq!(ask("").await, 200);
            let told = ask(&format!("{header}: {value}\r\n")).await;
            assert_eq!(told, if is_trusted { 403 } else { 200 }, "{form} {address}");
            let broken = ask(&format!("{header}: {}\r\n", &value[..40])).await;
            assert_eq!(broken, if is_trusted { 400 } else { 200 }, "{form} {address}");
        }
    }
}

/// A connection from an address of this machine.
async fn from(address: [u8; 4], serving: &Serving) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    socket.connect(serving.address()).await.unwrap()
}

/// HS-1, LIM-4: handshakes have a time and a number; who takes all that one address may have keeps nobody else out.
#[tokio::test]
async fn hs_1_handshakes_have_a_time_and_a_number() {
    const NEIGHBOUR: [u8; 4] = [127, 0, 0, 2];
    let pki = Pki::new();
    let config = pki.config(", handshakeTimeoutMs: 3000, maxHandshakes: 8");
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let begin = Instant::now();
    let shakes = async |address| {
        let stream = from(address, &serving).await;
        in_time("a handshake or none", pki.connect_over(stream, None, "http/1.1")).await.is_ok()
    };
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(serving.address()).await.unwrap();
        // The begin of a ClientHello.
        stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
        slow.push(stream);
    }
    // The places are taken as soon as the server has seen them; from then on others of the address are sent away at once.
    while shakes([127, 0, 0, 1]).await {
        assert!(begin.elapsed() < Duration::from_millis(2500), "a quarter of all at a time");
    }
    assert!(shakes(NEIGHBOUR).await, "another address has places of its own");
    for stream in &mut slow {
        let _ = in_time("the end of a handshake", stream.read_to_end(&mut Vec::new())).await;
    }
    assert!(begin.elapsed() >= Duration::from_millis(3000), "{:?}", begin.elapsed());
    in_time("a place", async { while !shakes([127, 0, 0, 1]).await {} }).await;
}

/// HS-1, LIM-4: who connects and says nothing takes no place from those who want to shake hands, and goes after a time.
#[tokio::test]
async fn hs_1_silent_connections_keep_nobody_out() {
    let pki = Pki::new();
    let config = pki.config(", handshakeTimeoutMs: 3000, maxHandshakes: 100");
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let begin = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..1000 {
        silent.push(TcpStream::connect(serving.address()).await.unwrap());
    }
    for address in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        let stream = from(address, &serving).await;
        let mut stream = in_time("a handshake", pki.connect_over(stream, None, "http/1.1")).await.unwrap();
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        in_time("an answer", stream.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(statuses(&answer), [200]);
    }
    for stream in &mut silent {
        let _ = in_time("the end of silence", stream.read_to_end(&mut Vec::new())).await;
    }
    assert!(begin.elapsed() >= Duration::from_millis(2900), "{:?}", begin.elapsed());
}

/// Certificates are read again on SIGHUP: new connections see the new ones, open ones stay, and what cannot be used is not.
#[tokio::test]
async fn certificates_are_renewed_without_a_restart() {
    let pki = Pki::new();
    let first = std::fs::read_to_string(pki.path("server.pem")).unwrap();
    let serving = Serving::start(&journeys(), Some(&pki.config(""))).await;
    let shown = async || {
        let stream = pki.connect(serving.address(), None, "http/1.1").await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    let der = |pem: &str| {
        use tokio_rustls::rustls::pki_types::CertificateDer;
        use tokio_rustls::rustls::pki_types::pem::PemObject;
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    };
    let mut open = pki.connect(serving.address(), None, "http/1.1").await.unwrap();
    assert_eq!(shown().await, der(&first));
    let second = pki.renew();
    assert_eq!(shown().await, der(&first), "nobody has said so yet");
    serving.signal("HUP").await;
    in_time("the new certificate", async { while shown().await != der(&second.certificate) {} }).await;
    pki.damage();
    serving.signal("HUP").await;
    in_time("the complaint", serving.told("certificates stay as they were")).await;
    assert_eq!(shown().await, der(&second.certificate));

    open.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    in_time("an answer", open.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(statuses(&answer), [200]);
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
}

/// DRAIN-1, DRAIN-2, HTTP-029: over HTTP/2 too, what is in flight is answered, and who comes late is told.
#[tokio::test]
async fn drain_2_over_http_2_what_is_in_flight_is_answered() {
    let pki = Pki::new();
    let mut downstream = Downstream::holding(r#"{"status":"MADE"}"#).await;
    let config = format!(
        "{}connectors.http.rewrite: [{{ from: 'http://slow.example', to: '{}' }}]\nwebsocket.drain.windowMs: 8000\n",
        pki.config(""),
        downstream.origin()
    );
    let serving = Serving::start(&journeys(), Some(&config)).await;
    let client = || pki.http(None).build().unwrap();
    let url = serving.url("/api/v1/journeys/slow/start");
    let early = client();
    let in_flight = tokio::spawn(async move { early.post(url).body("{}").send().await.unwrap() });
    downstream.arrival().await;
    serving.terminate().await;
    let ready = async || client().get(serving.url("/readyz")).send().await.unwrap();
    in_time("the begin of the end", async { while ready().await.status() != 503 {} }).await;
    let late = client().post(serving.url(START)).body(order()).send().await.unwrap();
    assert_eq!((late.status().as_u16(), late.version()), (503, Version::HTTP_2));
    downstream.release();
    let answer = in_time("the answer", in_flight).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    assert!(answer.text().await.unwrap().contains("SUCCEEDED"));
    assert_eq!(serving.ended().await.0.code(), Some(0));
}

/// TSK-010: neither keys nor certificates are in the log, at any level.
#[tokio::test]
async fn tsk_010_the_log_has_no_keys_and_no_certificates() {
    let pki = Pki::new();
    let config = pki.mutual("optional");
    let serving = Serving::start_with(&journeys(), Some(&config), &["--log", "trace"]).await;
    let client = pki.http(Some(&pki.client)).build().unwrap();
    assert_eq!(start(&client, &serving, None).await.unwrap().status(), 200);
    let stranger = pki.http(Some(&pki.stranger)).build().unwrap();
    assert!(start(&stranger, &serving, None).await.is_err());
    serving.terminate().await;
    let (_, _, log) = serving.ended().await;
    let server = std::fs::read_to_string(pki.path("server.key")).unwrap();
    for pem in [&server, &pki.client.certificate, &pki.stranger.certificate, &pki.client.key] {
        let lines = pem.lines().filter(|line| !line.starts_with('-'));
        assert!(lines.into_iter().all(|line| !log.contains(line)));
    }
    assert!(!log.contains("client.example"), "nor what is in them");
}

/// What can be wrong with the files is told before anything is served; the key is not.
#[tokio::test]
async fn a_server_without_its_certificate_does_not_start() {
    let pki = Pki::new();
    pki.damage();
    let file = pki.path("jf.yaml");
    std::fs::write(&file, pki.config("")).unwrap();
    let arguments = [
        journeys().into_os_string(),
        "--listen".into(),
        "127.0.0.1:0".into(),
        "--config".into(),
        file.into(),
    ];
    let output = run([std::ffi::OsString::from("serve")].into_iter().chain(arguments)).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("server.pem` holds no certificate in PEM form"), "{told}");
}
