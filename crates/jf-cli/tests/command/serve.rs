use std::net::TcpListener;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{SLOW, Served, WAITING, ask, folder, jf, jf_with, root, websocket, within};

const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

async fn serve(folder: &std::path::Path, flags: &[&str]) -> Served {
    Served::start(folder, &[&["."], &ANY_PORT[..], flags].concat()).await
}

#[tokio::test]
async fn a_server_says_one_line_serves_and_ends_with_0() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    for signal in ["TERM", "INT"] {
        let served = serve(folder.path(), &[]).await;
        assert!(served.ask("GET", "/livez", "").await.starts_with("HTTP/1.1 200"));
        assert!(served.ask("GET", "/readyz", "").await.starts_with("HTTP/1.1 200"));
        let started = served.ask("POST", "/api/v1/journeys/waiting/start", "{}").await;
        assert!(started.starts_with("HTTP/1.1 200") && started.contains(r#""phase":"RUNNING""#), "{started}");
        served.signal(signal);
        let (status, rest, log) = served.end().await;
        assert_eq!((status, rest.as_str()), (0, ""), "{log}");
        assert!(log.contains("runs are lost when the process ends") && log.contains("draining"), "{log}");
    }
}

/// Everything a start-up can refuse, with what it tells.
#[test]
fn a_server_that_cannot_start_says_why_and_what_to_do() {
    let folder = folder(&[
        ("good/waiting.journey.yaml", WAITING),
        (
            "broken/broken.journey.yaml",
            "apiVersion: v1\nkind: Journey\nmetadata: { name: broken, version: 1.0.0 }\nspec: { start: strat, states: { start: { type: succeed } } }\n",
        ),
        ("empty/readme.txt", ""),
        ("unknown-key.yaml", "http:\n  lisen: 127.0.0.1:1\n"),
        ("bad-pin.yaml", "serve.waiting: 2.0.0\n"),
        ("bad-name.yaml", "http:\n  hidden: [wating]\n"),
    ]);
    for (name, status, arguments) in [
        ("no_path", 2, &["serve"][..]),
        ("no_definitions", 1, &["serve", "empty"]),
        ("no_such_path", 1, &["serve", "nowhere"]),
        ("broken_file", 1, &["serve", "broken", "good"]),
        ("unknown_key", 1, &["serve", "good", "--config", "unknown-key.yaml"]),
        ("bad_pin", 1, &["serve", "good", "--config", "bad-pin.yaml"]),
        ("bad_name", 1, &["serve", "good", "--config", "bad-name.yaml"]),
        ("no_such_config", 1, &["serve", "good", "--config", "no.yaml"]),
        ("bad_address", 2, &["serve", "good", "--listen", "8080"]),
        ("bad_store", 2, &["serve", "good", "--store", "postgres:runs"]),
        (
            "no_store_folder",
            1,
            &["serve", "good", "--listen", "127.0.0.1:0", "--store", "sqlite:nowhere/runs.db"],
        ),
        ("open_console", 1, &["serve", "good", "--listen", "127.0.0.1:0", "--console=0.0.0.0:0"]),
        ("no_console_address", 2, &["serve", "good", "--console=here"]),
        ("no_database", 1, &["serve", "good", "--listen", "127.0.0.1:0", "--store", "sqlite:bad-pin.yaml"]),
        ("bad_filter", 2, &["serve", "good", "--log", "a=b=c"]),
    ] {
        let ran = jf(folder.path(), arguments);
        assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{name}: {ran}");
        let real = folder.path().canonicalize().expect("the folder is there");
        insta::assert_snapshot!(format!("serve_{name}"), ran.err.replace(&*real.to_string_lossy(), "FOLDER"));
    }
}

/// Also MUX-2, HTTP-029.
#[test]
fn ws_006_an_address_is_of_one_thing() {
    for (settings, said) in [
        ("websocket.sharedEndpoint: /readyz\n", "beside those of the server"),
        ("http.contract: /livez\n", "beside those of the server"),
        (
            "http.contract: /contract\nwebsocket.sharedEndpoint: /contract\n",
            "is the address of `websocket.sharedEndpoint`",
        ),
        (
            "http.contract: /contract\nwebsocket.sharedEndpoint: /contract/openapi.json\n",
            "has a document at `/contract/openapi.json`",
        ),
    ] {
        let folder = folder(&[("waiting.journey.yaml", WAITING), ("jf.yaml", settings)]);
        let ran = jf(folder.path(), &["serve", ".", "--listen", "127.0.0.1:0"]);
        assert_eq!((ran.status, ran.out.as_str()), (1, ""), "{settings}{ran}");
        assert!(ran.err.contains(said), "{settings}{ran}");
    }
}

#[tokio::test]
async fn the_console_is_named_in_the_log_and_the_configuration_says_where_it_is() {
    let folder = folder(&[("waiting.journey.yaml", WAITING), ("jf.yaml", "console.listen: 127.0.0.1:0\n")]);
    for arguments in [&[][..], &["--console"], &["--console=127.0.0.1:0"]] {
        let served = serve(folder.path(), arguments).await;
        served.signal("TERM");
        let (status, rest, log) = served.end().await;
        assert_eq!((status, rest.as_str()), (0, ""), "{log}");
        let line = log.lines().find(|line| line.contains(" console ")).unwrap_or_else(|| panic!("{log}"));
        assert!(line.contains("url=\"http://127.0.0.1:") && !line.contains(":8090"), "{line}");
        assert!(log.contains("every account of this machine reaches the console"), "{log}");
    }
    std::fs::write(folder.path().join("token"), "correct-horse-battery-staple").unwrap();
    std::fs::write(folder.path().join("jf.yaml"), "console: { listen: 127.0.0.1:0, tokenFile: token }\n")
        .unwrap();
    let served = serve(folder.path(), &[]).await;
    served.signal("TERM");
    let (_, _, log) = served.end().await;
    assert!(log.contains("token=true") && !log.contains("every account"), "{log}");
}

#[test]
fn a_console_that_nobody_has_given_an_address_is_on_a_loopback_one() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    // Taken here or by somebody else: the server says which address it wanted.
    let _taken = TcpListener::bind("127.0.0.1:8090");
    let ran = jf(folder.path(), &["serve", ".", "--listen", "127.0.0.1:0", "--console"]);
    assert_eq!(ran.status, 1, "{ran}");
    assert!(ran.err.contains("cannot listen on 127.0.0.1:8090"), "{ran}");
}

#[test]
fn a_busy_port_is_named_with_a_way_out() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = jf(folder.path(), &["serve", ".", "--listen", &address]);
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    insta::assert_snapshot!("serve_busy_port", ran.err.replace(&address, "127.0.0.1:PORT"));
    for (name, settings, help) in [
        ("console", "console.listen", "`--console=127.0.0.1:8091`"),
        ("metrics", "observability.metrics.listen", "`observability.metrics.listen: 127.0.0.1:9465`"),
    ] {
        std::fs::write(folder.path().join("jf.yaml"), format!("{settings}: {address}\n")).unwrap();
        let ran = jf(folder.path(), &["serve", ".", "--listen", "127.0.0.1:0"]);
        assert_eq!(ran.status, 1, "{name}: {ran}");
        assert!(
            ran.err.contains(&format!("cannot listen on {address}")) && ran.err.contains(help),
            "{name}: {ran}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    let file = folder.path().join("waiting.journey.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o0)).unwrap();
    if std::fs::read(&file).is_ok() {
        // Whoever runs as root may read everything; then there is nothing to refuse.
        return;
    }
    let ran = jf(folder.path(), &["serve", "."]);
    assert!(
        ran.status == 1 && ran.err.contains("cannot read `./waiting.journey.yaml`: permission denied"),
        "{ran}"
    );
}

/// A server for calls that nobody answers; tells when the first has come.
async fn silent_server() -> (String, tokio::sync::oneshot::Receiver<tokio::net::TcpStream>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback works");
    let address = listener.local_addr().expect("loopback works").to_string();
    let (called, has_called) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("loopback works");
        let _ = called.send(stream);
    });
    (address, has_called)
}

fn slow_folder(target: &str, window_ms: u32) -> tempfile::TempDir {
    let config = format!(
        "platform.config.slow.url: http://slow.example\nwebsocket.drain.windowMs: {window_ms}\n\
         connectors.http.rewrite: [{{from: http://slow.example, to: http://{target}}}]\n"
    );
    folder(&[("slow.journey.yaml", SLOW), ("jf.yaml", &config)])
}

#[tokio::test]
async fn eng_006_drain_2_a_start_in_flight_is_answered_before_the_server_ends() {
    let (target, has_called) = silent_server().await;
    let folder = slow_folder(&target, 300);
    let served = serve(folder.path(), &[]).await;
    let address = served.address.clone();
    let in_flight =
        tokio::spawn(async move { ask(&address, "POST", "/api/v1/journeys/slow/start", "{}").await });
    let _held = within(has_called).await.unwrap();
    served.signal("TERM");
    let answer = within(in_flight).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""phase":"RUNNING""#), "{answer}");
    let (status, _, log) = served.end().await;
    assert_eq!(status, 0, "{log}");
}

#[tokio::test]
async fn drain_1_http_029_while_it_drains_a_server_says_so() {
    let (target, has_called) = silent_server().await;
    let folder = slow_folder(&target, 30_000);
    let served = serve(folder.path(), &[]).await;
    let address = served.address.clone();
    let in_flight =
        tokio::spawn(async move { ask(&address, "POST", "/api/v1/journeys/slow/start", "{}").await });
    let held = within(has_called).await.unwrap();
    served.signal("TERM");
    // The signal is on its way; the probe turns as soon as it has arrived.
    while !served.ask("GET", "/readyz", "").await.starts_with("HTTP/1.1 503") {}
    assert!(served.ask("GET", "/livez", "").await.starts_with("HTTP/1.1 200"));
    let refused = served.ask("POST", "/api/v1/journeys/slow/start", "{}").await;
    assert!(
        refused.starts_with("HTTP/1.1 503")
            && refused.contains("draining")
            && refused.contains("retry-after"),
        "{refused}"
    );
    // The answer of the call lets the run end, and with it the drain, long before the window does.
    let mut held = held;
    use tokio::io::AsyncWriteExt;
    held.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert!(within(in_flight).await.unwrap().contains(r#""phase":"SUCCEEDED""#));
    assert_eq!(served.end().await.0, 0);
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let (target, has_called) = silent_server().await;
    let folder = slow_folder(&target, 600_000);
    let served = serve(folder.path(), &[]).await;
    let address = served.address.clone();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(
                b"POST /api/v1/journeys/slow/start HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n",
            )
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let _held = within(has_called).await.unwrap();
    served.signal("TERM");
    while !served.ask("GET", "/readyz", "").await.starts_with("HTTP/1.1 503") {}
    served.signal("TERM");
    let (status, _, log) = served.end().await;
    assert_eq!(status, 1, "{log}");
}

#[tokio::test]
async fn drain_2_websocket_clients_are_told_to_come_back_later() {
    let folder = folder(&[
        ("waiting.journey.yaml", &WAITING.replace("spec:\n", "spec:\n  bindings: { websocket: { start: { messageType: begin }, steps: { ask: { messageType: answer } } } }\n")),
        ("jf.yaml", "websocket.drain.windowMs: 300\n"),
    ]);
    let served = serve(folder.path(), &[]).await;
    let url = format!("ws://{}/ws/journeys/waiting", served.address);
    let mut socket = websocket(&url).await;
    let mut types = Vec::new();
    socket.send(Message::text(r#"{"type":"begin","id":"1","payload":{}}"#)).await.unwrap();
    let close = loop {
        match within(socket.next()).await.unwrap().unwrap() {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                let kind = frame["type"].as_str().unwrap().to_owned();
                if kind == "status" {
                    served.signal("TERM");
                }
                types.push(kind);
            }
            Message::Close(close) => break close.unwrap(),
            _ => {}
        }
    };
    assert_eq!(types, ["welcome", "status", "goaway"]);
    assert_eq!(u16::from(close.code), 1012);
    assert_eq!(served.end().await.0, 0);
}

#[tokio::test]
async fn eng_145_the_log_tells_limits_definitions_and_the_store_in_both_forms() {
    for format in ["text", "json"] {
        let served = Served::start(
            &root(),
            &[&["examples/journeys"], &ANY_PORT[..], &["--log-format", format]].concat(),
        )
        .await;
        served.signal("TERM");
        let (_, _, log) = served.end().await;
        for told in [
            "limits",
            "syncWait=PT30S",
            "bodyBytes=1048576",
            "/ws/loans",
            "/api/v1/prices/quote",
            "loan-approval",
            "examples/journeys/jf.yaml",
            "memory",
        ] {
            assert!(log.contains(told), "{told} in {log}");
        }
        if format == "json" {
            assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
        }
    }
}

#[tokio::test]
async fn http_080_listing_on_a_public_interface_is_warned_about() {
    let folder = folder(&[("waiting.journey.yaml", WAITING), ("off.yaml", "http.list: \"off\"\n")]);
    for (flags, warned) in [(&[][..], true), (&["--config", "off.yaml"], false)] {
        let served = Served::start(folder.path(), &[&[".", "--listen", "0.0.0.0:0"], flags].concat()).await;
        let port = served.address.rsplit(':').next().unwrap().to_owned();
        let listed = within(ask(&format!("127.0.0.1:{port}"), "GET", "/api/v1/journeys", "")).await;
        assert_eq!(listed.starts_with("HTTP/1.1 200"), warned, "{listed}");
        served.signal("TERM");
        assert_eq!(served.end().await.2.contains("operator mode on a public interface"), warned);
    }
}

#[tokio::test]
async fn http_006_hidden_definitions_are_not_there_over_http() {
    let socket = "spec:\n  bindings: { websocket: { start: { messageType: begin }, steps: { ask: { messageType: answer } } } }\n";
    let folder = folder(&[
        ("waiting.journey.yaml", &WAITING.replace("spec:\n", socket)),
        ("other.journey.yaml", &WAITING.replace("name: waiting", "name: other")),
        ("one.yaml", "http.hidden: [waiting]\n"),
        ("all.yaml", "http.hidden: ['*']\n"),
    ]);
    for (config, statuses) in [("one.yaml", [404, 200, 200, 200]), ("all.yaml", [404, 404, 404, 200])] {
        let served = serve(folder.path(), &["--config", config]).await;
        for ((method, path), status) in [
            ("POST", "/api/v1/journeys/waiting/start"),
            ("POST", "/api/v1/journeys/other/start"),
            ("GET", "/api/v1/journeys"),
            ("GET", "/readyz"),
        ]
        .into_iter()
        .zip(statuses)
        {
            let answer = served.ask(method, path, "").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{config} {path}: {answer}");
        }
        let mut socket = websocket(&format!("ws://{}/ws/journeys/waiting", served.address)).await;
        let welcome = within(socket.next()).await.unwrap().unwrap();
        assert!(welcome.to_text().unwrap().contains(r#""start":"begin""#), "{welcome}");
        drop(socket);
        served.signal("TERM");
        let log = served.end().await.2;
        assert!(!log.contains("/api/v1/journeys/waiting/start"), "{log}");
    }
}

/// A variable may have been set long ago, and nobody typed it with the command.
#[test]
fn a_log_that_cannot_be_had_is_told_with_its_variable() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    for (variable, value, said) in [
        ("JF_LOG", "a=b=c", "error: JF_LOG: `a=b=c` is no log filter: "),
        ("JF_LOG_FORMAT", "xml", "error: JF_LOG_FORMAT: `xml` is no log format; use `text` or `json`\n"),
    ] {
        let ran = jf_with(folder.path(), &["run", "waiting.journey.yaml"], &[(variable, value)], "");
        assert!(ran.status == 2 && ran.err.starts_with(said), "{ran}");
    }
}

#[tokio::test]
async fn drain_4_a_window_that_platforms_cut_off_is_warned_about() {
    let folder =
        folder(&[("waiting.journey.yaml", WAITING), ("jf.yaml", "websocket.drain.windowMs: 30000\n")]);
    let served = serve(folder.path(), &[]).await;
    served.signal("TERM");
    let (status, _, log) = served.end().await;
    assert!(status == 0 && log.contains("which would cut it off"), "{log}");
}

#[tokio::test]
async fn tsk_010_the_log_has_no_payloads_headers_or_tokens_at_any_level() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    let served = serve(folder.path(), &["--log", "trace"]).await;
    let mut stream = tokio::net::TcpStream::connect(&served.address).await.unwrap();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let body = r#"{"name":"s3cr3t"}"#;
    let request = format!(
        "POST /api/v1/journeys/waiting/start?q=s3cr3t HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer s3cr3t\r\ncookie: a=s3cr3t\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    served.signal("TERM");
    let (_, _, log) = served.end().await;
    assert!(
        !log.contains("s3cr3t"),
        "{}",
        log.lines().filter(|line| line.contains("s3cr3t")).collect::<Vec<_>>().join("\n")
    );
}

#[tokio::test]
async fn http_013_large_headers_are_problems_and_the_server_lives() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    let served = serve(folder.path(), &[]).await;
    let long = format!("/api/v1/journeys HTTP/1.1\r\nx-long: {}\r\nx: ", "a".repeat(40 * 1024));
    let answer = served.ask("GET", &long, "").await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("headers-too-large"), "{answer}");
    assert!(served.ask("GET", "/livez", "").await.starts_with("HTTP/1.1 200"));
}

/// 500 connections and their requests from one address pass the default caps.
#[tokio::test]
async fn lim_4_default_caps_admit_500_connections_from_one_address() {
    let folder = folder(&[("waiting.journey.yaml", WAITING)]);
    let served = serve(folder.path(), &[]).await;
    let address = served.address.clone();
    let connections = futures::future::join_all((0..500).map(|_| tokio::net::TcpStream::connect(&address)));
    let open: Vec<_> = within(connections).await.into_iter().map(Result::unwrap).collect();
    let asked = futures::future::join_all(open.into_iter().map(|mut stream| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        (stream, start)
    }));
    let answered = tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap();
    assert!(answered.iter().all(|(_, start)| start == b"HTTP/1.1 200"));
}
