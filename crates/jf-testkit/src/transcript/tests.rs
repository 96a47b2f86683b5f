use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use serde_json::{Value, json};

use super::{Act, Expectation, Line, Need, Pattern, Received, Refused, Stage, Transcript, Verdict, run};
use crate::Bindings;

const HEAD: &str = "# Shows something,\n# in two lines.\n# covers: [SUB-4, RT-6]\n\n";

fn parsed(body: &str) -> Transcript {
    Transcript::parse(&format!("{HEAD}{body}")).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn faults(text: &str) -> Vec<String> {
    Transcript::parse(text)
        .map_or_else(|faults| faults.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[test]
fn a_file_is_its_head_and_what_happens() {
    let transcript = parsed(concat!(
        "@ set websocket.limits.maxInFlight: 2\n@ tokens\n@ services\n",
        "! connect /ws/a?x=1 with origin: https://a.test; x-b: c d\n",
        "< {\"type\":\"welcome\"}\n",
        "bob ! connect /ws/b\n",
        ">*3 {\"type\":\"ping\",\n  \"id\":\"1\"}\n",
        "<? {\"a\":1}\n<? {\"b\":\"$run\"}\nbob <? {\"c\":1}\n",
        "! clock + 2 min\n! clock + 500 ms\n! http POST /x/$run {\"y\":\"$run\"}\n= 409 {\"type\":\"$any\"}\n",
        "> (binary) 00ff\n< close 1003 framing\nbob ~ drop\n! restart\n",
    ));
    assert_eq!(transcript.about, "Shows something, in two lines.");
    assert_eq!(transcript.covers, ["SUB-4", "RT-6"]);
    assert_eq!(transcript.settings, [("websocket.limits.maxInFlight".to_owned(), json!(2))]);
    let clock = Need::Clock(Duration::from_millis(120_500));
    assert_eq!(transcript.needs, [Need::Tokens, Need::Services, clock, Need::Restart]);
    let steps: Vec<_> = transcript.steps.iter().map(|step| (step.line, step.client.as_str())).collect();
    let lines = [
        (8, ""),
        (9, ""),
        (10, "bob"),
        (11, ""),
        (13, ""),
        (15, "bob"),
        (16, ""),
        (17, ""),
        (18, ""),
        (20, ""),
        (21, ""),
        (22, "bob"),
        (23, ""),
    ];
    assert_eq!(steps, lines);
    let Act::Connect { path, headers } = &transcript.steps[0].act else { panic!() };
    assert_eq!((path.as_str(), headers[1].1.as_str()), ("/ws/a?x=1", "c d"));
    let Act::Send { text, times: 3 } = &transcript.steps[3].act else { panic!() };
    assert_eq!(text, r#"{"type":"ping", "id":"1"}"#);
    assert!(matches!(&transcript.steps[4].act, Act::ExpectAnyOrder(patterns) if patterns.len() == 2));
    assert!(matches!(&transcript.steps[8].act, Act::Http { status: Some(409), answer: Some(_), .. }));
    assert!(matches!(&transcript.steps[9].act, Act::SendBinary(bytes) if *bytes == [0, 255]));
    let close = Expectation::Close { code: 1003, name: Some("framing".to_owned()) };
    assert_eq!(format!("{:?}", transcript.steps[10].act), format!("{:?}", Act::Expect(close)));
}

#[test]
fn mistakes_are_told_with_their_lines_and_all_at_once() {
    assert_eq!(
        faults("! connect\n> {}\n"),
        [
            "line 1: `! connect` wants a path",
            "line 2: nobody of that name has connected yet",
            "line 1: it begins with a comment that says what it shows",
            "line 1: it names no rules: `# covers: [ID, …]`",
        ]
    );
    for (line, told) in [
        ("% x", "`%` is none of `#` `@` `!` `~` `>` `<` `<=` `<?` `=`"),
        ("bob", "`bob` is no client: a name is followed by `!`, `>`, `<` or `~`"),
        ("bob > {}", "nobody of that name has connected yet"),
        (
            "! sleep 3",
            "`! sleep` is none of `connect`, `http`, `clock`, `restart`, `drain`, `stall`, `read`, `mute`",
        ),
        ("! clock 3 s", "`! clock` wants `+ TIME` in `ms`, `s` or `min`"),
        ("! clock + 3 days", "`! clock` wants `+ TIME` in `ms`, `s` or `min`"),
        ("! http post /x", "`! http` wants `METHOD /path [BODY]`"),
        ("! http POST /x/$run", "`$run` stands for nothing yet; a dollar is `$$`"),
        ("> {\"a\":\"$run\"}", "`$run` stands for nothing yet; a dollar is `$$`"),
        ("> {\"a\":\"$any\"}", "`$any` stands in what is expected only"),
        ("> (binary) 0", "`(binary)` wants hexadecimal digits in pairs"),
        (">*x {}", "`*x` is no number from 1"),
        (">*0 {}", "`*0` is no number from 1"),
        ("<*2 nothing", "only messages and frames come so many times"),
        ("< {\"a\":\"$once\"}", "`$once` stands for nothing else in this file; any value is `$any`"),
        ("< {", "not JSON: EOF while parsing an object at line 1 column 1"),
        ("< close now", "`close` wants a code"),
        ("< refused", "a status of HTTP is missing"),
        ("= 200", "`=` stands below `! http …`"),
        ("~ fall", "`~` wants `drop`"),
        ("@ memory", "`@` wants `set NAME: VALUE`, `tokens` or `services`"),
        ("@ speed: 3", "`@ speed` is not known"),
        ("@ set a: 1", "settings stand before everything that happens"),
        ("! connect /x with y", "a header is `NAME: VALUE`"),
    ] {
        let text = format!("{HEAD}! connect /ws\n{line}\n");
        assert_eq!(faults(&text), [format!("line 6: {told}")], "{line}");
    }
    assert_eq!(
        faults("# a\n# covers: SUB-4\n"),
        [
            "line 2: `covers:` wants a list such as `[SUB-4, SUB-6]`",
            "line 1: it names no rules: `# covers: [ID, …]`",
        ]
    );
    assert_eq!(faults("# a\n# covers: [SUB-4]\n"), ["line 1: nothing happens"]);
}

fn compare(pattern: Value, exact: bool, actual: Value, bindings: &mut Bindings) -> Result<(), String> {
    Pattern::new(pattern, exact).compare(&actual, bindings)
}

#[test]
fn names_stand_for_what_came_first() {
    let mut names = Bindings::default();
    let actual = json!({ "run": "r-1", "seq": 4, "more": true });
    compare(json!({ "run": "$run", "seq": "$seq" }), false, actual.clone(), &mut names).unwrap();
    compare(json!({ "href": "/x/$run?after=$seq" }), false, json!({ "href": "/x/r-1?after=4" }), &mut names)
        .unwrap();
    compare(json!({ "seq": "$seq" }), false, json!({ "seq": 4.0 }), &mut names).unwrap();
    let different = compare(json!({ "run": "$run" }), false, json!({ "run": "r-2" }), &mut names);
    assert_eq!(different.unwrap_err(), r#"at `/run` expected "r-1", got "r-2""#);
    let more = compare(json!({ "run": "$run", "seq": 4 }), true, actual.clone(), &mut names);
    assert_eq!(more.unwrap_err(), "at `` there is a member `more` too: true");
    compare(json!({ "run": "$any", "gone": "$absent" }), false, actual.clone(), &mut names).unwrap();
    assert!(compare(json!({ "run": "$absent" }), false, actual.clone(), &mut names).is_err());
    assert!(compare(json!({ "gone": "$any" }), false, actual, &mut names).is_err());
    assert_eq!(
        compare(json!([1, { "a": 2 }]), false, json!([1, { "a": 3 }]), &mut names).unwrap_err(),
        "at `/1/a` expected 2, got 3"
    );
    assert!(compare(json!([1]), false, json!([1, 2]), &mut names).is_err());
    compare(json!("$$run"), false, json!("$run"), &mut names).unwrap();
}

/// A server that answers with what it is sent, and cannot do much else.
struct Echo;

struct EchoLine(Vec<Received>);

#[async_trait]
impl Stage for Echo {
    fn can(&self, need: &Need) -> Result<(), String> {
        match need {
            Need::Clock(_) => Err("its clock cannot be moved".to_owned()),
            _ => Ok(()),
        }
    }

    async fn connect(&mut self, path: &str, _: &[(String, String)]) -> Result<Box<dyn Line>, Refused> {
        if path == "/no" {
            Err(Refused::new(404, json!({ "status": 404 })))
        } else {
            Ok(Box::new(EchoLine(Vec::new())))
        }
    }

    async fn http(&mut self, method: &str, path: &str, body: Option<String>) -> Result<(u16, Value), String> {
        Ok((200, json!([method, path, body])))
    }

    async fn advance(&mut self, _: Duration) -> Result<(), String> {
        Err("never asked for".to_owned())
    }

    async fn restart(&mut self) -> Result<(), String> {
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), String> {
        Ok(())
    }
}

#[async_trait]
impl Line for EchoLine {
    async fn send(&mut self, text: &str) {
        let mut frame: Value = serde_json::from_str(text).unwrap();
        if frame["type"] == "ping" {
            frame["type"] = "pong".into();
        }
        self.0.push(Received::Frame(frame));
    }

    async fn send_binary(&mut self, _: &[u8]) {
        self.0.push(Received::Closed { code: Some(1003), name: "framing".to_owned() });
    }

    async fn send_ping(&mut self) {}

    async fn send_close(&mut self) {}

    async fn receive(&mut self) -> Received {
        if self.0.is_empty() { Received::Silence } else { self.0.remove(0) }
    }

    fn stall(&mut self, _: bool) {}

    fn mute(&mut self) {}
}

fn verdict(body: &str) -> Verdict {
    run(&parsed(body), &mut Echo).now_or_never().unwrap()
}

fn failed(body: &str) -> String {
    match verdict(body) {
        Verdict::Failed { line, message } => format!("{line}: {message}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_is_held_to_every_line() {
    assert_eq!(
        verdict(concat!(
            "! connect /ws\n>*2 {\"a\":\"$$x\"}\n<*2 {\"a\":\"$$x\"}\n< nothing\n",
            "> {\"n\":1}\n> {\"n\":2,\"run\":\"r\"}\n<? {\"n\":2,\"run\":\"$run\"}\n<? {\"n\":1}\n> {\"pad\":\"$pad(3)\",\"run\":\"$run\"}\n",
            "<= {\"pad\":\"xxx\",\"run\":\"r\"}\n! http GET /x/$run\n= 200 [\"GET\",\"/x/r\",null]\n",
            "> (binary) 00\n< close 1003 framing\n! connect /no\n< refused 404 {\"status\":404}\n",
        )),
        Verdict::Passed
    );
    assert_eq!(
        verdict("! connect /ws\n! clock + 1 s\n"),
        Verdict::Skipped("its clock cannot be moved".to_owned())
    );
    assert_eq!(
        failed("! connect /ws\n> {\"a\":1}\n< {\"a\":2}\n"),
        "7: at `/a` expected 2, got 1\n  the frame is {\"a\":1}"
    );
    assert_eq!(failed("! connect /ws\n< {}\n"), "6: expected a frame, got nothing");
    assert_eq!(failed("! connect /ws\n> {\"a\":1}\n< nothing\n"), "7: there is {\"a\":1}");
    assert_eq!(failed("! connect /ws\n< refused 404\n"), "6: the handshake was accepted");
    assert_eq!(failed("! connect /no\n> {}\n"), "6: the handshake was answered 404: {\"status\":404}");
    assert_eq!(failed("! connect /ws\n> (binary) 00\n< close 1009\n"), "7: closed with Some(1003) framing");
    assert_eq!(
        failed("! connect /ws\n> {\"a\":1}\n<? {\"a\":2}\n<? {\"a\":3}\n"),
        "7: none of what may come is {\"a\":1}"
    );
    assert_eq!(
        failed("! connect /no\n! connect /ws\n"),
        "6: the handshake was answered 404: {\"status\":404}"
    );
    assert_eq!(failed("! connect /no\n"), "5: the handshake was answered 404: {\"status\":404}");
    assert_eq!(failed("! connect /ws\n> {\"a\":1}\n"), "6: at the end, for ``: there is {\"a\":1}");
    assert_eq!(
        failed("! connect /ws\n> {\"a\":1}\n> (binary) 00\n< close 1003\n"),
        "8: expected a close, got {\"a\":1}"
    );
    assert_eq!(failed("! http GET /x\n= 404\n"), "5: the status is 200: [\"GET\",\"/x\",null]");
    assert_eq!(failed("! connect /ws\n~ drop\n< {}\n"), "7: the client has no connection");
}
