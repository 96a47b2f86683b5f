//! Other services, scripted.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jf_core::exact_json;
use jf_core::spi::{Clock, HttpConnector, HttpExchange, HttpFailure, HttpFailureKind, HttpReceived};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::expected::{Bindings, Expected};
use crate::matching::matches_url;

/// An [`HttpConnector`] that asks no network: the first rule that fits a request answers it, and every request is recorded.
///
/// Delays and time-outs pass on the clock it was made with. A request that no rule fits is a network failure, and is told by
/// [`ScriptedHttp::unmatched`]. Clones are one and the same.
///
/// ```
/// use std::sync::Arc;
/// use jf_testkit::{ManualClock, ScriptedHttp, StubReply, StubRule};
/// use serde_json::json;
///
/// let http = ScriptedHttp::new(Arc::new(ManualClock::default()));
/// let rule = StubRule::new("price").method("POST").url("https://prices.example/items/*");
/// http.add(rule.reply(StubReply::json(503, json!({}))).reply(StubReply::json(200, json!({ "cents": 450 }))));
/// assert!(http.take_calls().is_empty());
/// ```
#[derive(Clone)]
pub struct ScriptedHttp {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rules: Vec<StubRule>,
    /// With the numbers of the requests.
    calls: Vec<(u64, RecordedCall)>,
    unmatched: Vec<RecordedCall>,
    /// Requests whose answer is on its way.
    pending: Vec<Pending>,
    sent: u64,
}

/// A request whose answer is on its way.
struct Pending {
    number: u64,
    rule: usize,
    answer: Result<HttpReceived, HttpFailureKind>,
    due: Timestamp,
}

/// Which requests are answered, and with what.
#[derive(Debug, Clone)]
pub struct StubRule {
    name: String,
    method: Option<String>,
    url: Option<String>,
    query: Vec<(String, Expected)>,
    headers: Vec<(String, Expected)>,
    body: Option<Expected>,
    replies: VecDeque<StubReply>,
}

impl StubRule {
    /// A rule that fits every request and answers 200 without a body.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            method: None,
            url: None,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            replies: VecDeque::new(),
        }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only requests for this URL without its query; `*` stands for anything inside one path segment.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Only requests whose query has this parameter, percent-encoded as given.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<Expected>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Only requests with this header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Expected>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Only requests whose body is JSON that has at least these members.
    #[must_use]
    pub fn body(mut self, body: impl Into<Expected>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// One more reply. They are given in order; the last one repeats.
    #[must_use]
    pub fn reply(mut self, reply: StubReply) -> Self {
        self.replies.push_back(reply);
        self
    }

    fn fits(&self, request: &HttpExchange) -> bool {
        self.misfit(request).is_none()
    }

    /// Why a request does not fit.
    fn misfit(&self, request: &HttpExchange) -> Option<String> {
        let (url, query) = split(&request.url);
        if self.method.as_ref().is_some_and(|method| request.method.as_str() != method) {
            return Some(format!("it has the method {}", self.method.as_deref().unwrap_or_default()));
        }
        if let Some(pattern) = self.url.as_ref().filter(|pattern| !matches_url(pattern, url)) {
            return Some(format!("it has the URL {pattern}"));
        }
        let parameter = |name: &str| {
            let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.filter(|(other, _)| *other == name).map(|(_, value)| Value::from(value)).collect::<Vec<_>>()
        };
        let header = |name: &str| {
            let values = request.headers.get_all(name).iter();
            values.map(|value| Value::from(String::from_utf8_lossy(value.as_bytes()))).collect::<Vec<_>>()
        };
        let misfit = |name: &str, expected: &Expected, values: Vec<Value>| {
            let fits = |value| expected.matches(value, &mut Bindings::default());
            let found =
                if values.is_empty() { fits(None) } else { values.iter().any(|value| fits(Some(value))) };
            (!found).then(|| format!("`{name}` is {expected} there"))
        };
        let query = self.query.iter().find_map(|(name, expected)| misfit(name, expected, parameter(name)));
        let headers =
            || self.headers.iter().find_map(|(name, expected)| misfit(name, expected, header(name)));
        query.or_else(headers).or_else(|| {
            let expected = self.body.as_ref()?;
            let actual = json(request.body.as_ref());
            let fits = actual.is_some() && expected.matches(actual.as_ref(), &mut Bindings::default());
            (!fits).then(|| format!("its body has {expected}"))
        })
    }

    fn next_reply(&mut self) -> StubReply {
        match self.replies.len() {
            0 => StubReply::empty(200),
            1 if self.replies[0].resumed.is_none() => self.replies[0].clone(),
            _ => self.replies.pop_front().unwrap_or_else(|| StubReply::empty(200)),
        }
    }
}

fn split(url: &str) -> (&str, &str) {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once('?').unwrap_or((url, ""))
}

fn json(body: Option<&Bytes>) -> Option<Value> {
    exact_json::from_slice(body?).ok()
}

/// What a rule answers.
#[derive(Debug, Clone)]
pub struct StubReply {
    answer: Result<HttpReceived, HttpFailureKind>,
    delay: Duration,
    /// The rest of a reply that was interrupted; the delay is what was left of it.
    resumed: Option<Resumed>,
}

/// A reply that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Resumed {
    /// Its request was taken as made already; the one that is sent again is the same one.
    was_counted: bool,
}

impl StubReply {
    /// A response without a body.
    ///
    /// # Panics
    /// When `status` is none.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status has three digits");
        Self {
            answer: Ok(HttpReceived::new(status, HeaderMap::new(), Bytes::new())),
            delay: Duration::ZERO,
            resumed: None,
        }
    }

    /// A response with a JSON body.
    ///
    /// # Panics
    /// When `status` is none.
    #[must_use]
    pub fn json(status: u16, body: Value) -> Self {
        Self::empty(status).with_body(body.to_string()).with_header("content-type", "application/json")
    }

    /// A response with a text body.
    ///
    /// # Panics
    /// When `status` is none.
    #[must_use]
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::empty(status).with_body(body.into()).with_header("content-type", "text/plain; charset=utf-8")
    }

    /// No response. A [`HttpFailureKind::Timeout`] comes when the time-out of the request has passed.
    #[must_use]
    pub const fn failure(kind: HttpFailureKind) -> Self {
        Self { answer: Err(kind), delay: Duration::ZERO, resumed: None }
    }

    /// With one more header.
    ///
    /// # Panics
    /// When name or value cannot be sent, or there is no response to carry it.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        let value = HeaderValue::from_str(value).expect("a header value");
        let headers = &mut self.answer.as_mut().expect("a response").headers;
        match name {
            CONTENT_TYPE => drop(headers.insert(name, value)),
            _ => drop(headers.append(name, value)),
        }
        self
    }

    /// After some time.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn with_body(mut self, body: String) -> Self {
        if let Ok(response) = &mut self.answer {
            response.body = body.into();
        }
        self
    }
}

/// A request that was sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedCall {
    /// The rule that answered; `None` when no rule fitted.
    pub rule: Option<String>,
    /// The method.
    pub method: Method,
    /// The URL, query included.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Bytes>,
}

impl RecordedCall {
    /// The body as JSON, if it is any.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        json(self.body.as_ref())
    }
}

impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        match &self.rule {
            Some(rule) => write!(f, " (rule {rule})"),
            None => f.write_str(" (no rule)"),
        }
    }
}

impl ScriptedHttp {
    /// Without rules; delays pass on `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// Adds a rule behind those there are.
    pub fn add(&self, rule: StubRule) {
        self.lock().rules.push(rule);
    }

    /// The requests since the last time, in the order they were sent.
    #[must_use]
    pub fn take_calls(&self) -> Vec<RecordedCall> {
        std::mem::take(&mut self.lock().calls).into_iter().map(|(_, call)| call).collect()
    }

    /// How many requests no rule fitted, ever.
    #[must_use]
    pub fn unmatched(&self) -> usize {
        self.lock().unmatched.len()
    }

    /// The first request that no rule fitted, with what each rule has against it.
    pub(crate) fn first_unmatched(&self) -> Option<(RecordedCall, Vec<(String, String)>)> {
        let state = self.lock();
        let call = state.unmatched.first()?.clone();
        let mut request = HttpExchange::new(call.method.clone(), call.url.clone(), Duration::ZERO, 0);
        (request.headers, request.body) = (call.headers.clone(), call.body.clone());
        let misfit = |rule: &StubRule| Some((rule.name.clone(), rule.misfit(&request)?));
        let misfits = state.rules.iter().filter_map(misfit).collect();
        Some((call, misfits))
    }

    /// Takes back the requests whose answer is on its way, for a caller that will send them again: both are recorded as one, and who
    /// asks again waits for what was left of the delay.
    pub(crate) fn take_back(&self) {
        let now = self.clock.now();
        let mut state = self.lock();
        for Pending { number, rule, answer, due } in std::mem::take(&mut state.pending).into_iter().rev() {
            let recorded = state.calls.len();
            state.calls.retain(|(other, _)| *other != number);
            let resumed = Some(Resumed { was_counted: state.calls.len() == recorded });
            let left = Duration::try_from(due.duration_since(now)).unwrap_or_default();
            state.rules[rule].replies.push_front(StubReply { answer, delay: left, resumed });
        }
    }

    /// The answer to a request and when it comes; `None` when no rule fits.
    fn answer(&self, request: &HttpExchange) -> Option<(OnItsWay, Result<HttpReceived, HttpFailureKind>)> {
        let now = self.clock.now();
        let mut state = self.lock();
        let fitting = state.rules.iter().position(|rule| rule.fits(request));
        let call = RecordedCall {
            rule: fitting.map(|at| state.rules[at].name.clone()),
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        let number = state.sent;
        state.sent += 1;
        let Some(rule) = fitting else {
            state.calls.push((number, call.clone()));
            state.unmatched.push(call);
            return None;
        };
        let reply = state.rules[rule].next_reply();
        if reply.resumed != Some(Resumed { was_counted: true }) {
            state.calls.push((number, call));
        }
        let is_late =
            reply.delay >= request.timeout || reply.answer.as_ref().err() == Some(&HttpFailureKind::Timeout);
        let (answer, wait) = match reply {
            StubReply { answer, delay, resumed: Some(_) } => (answer, delay),
            _ if is_late => (Err(HttpFailureKind::Timeout), request.timeout),
            StubReply { answer, delay, .. } => (answer, delay),
        };
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        let due = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        state.pending.push(Pending { number, rule, answer: answer.clone(), due });
        Some((OnItsWay { http: self.clone(), number, due }, answer))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer on its way; it is forgotten when nobody waits for it any more.
struct OnItsWay {
    http: ScriptedHttp,
    number: u64,
    due: Timestamp,
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.http.lock().pending.retain(|pending| pending.number != self.number);
    }
}

impl fmt::Debug for ScriptedHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ScriptedHttp")
            .field("rules", &state.rules.len())
            .field("calls", &state.calls.len())
            .finish()
    }
}

#[async_trait]
impl HttpConnector for ScriptedHttp {
    async fn send(&self, request: HttpExchange) -> Result<HttpReceived, HttpFailure> {
        let fail = |kind| Err(HttpFailure::new(kind, "as scripted"));
        let Some((on_its_way, answer)) = self.answer(&request) else {
            return Err(HttpFailure::new(HttpFailureKind::Network, "no rule fits this request"));
        };
        self.clock.sleep_until(on_its_way.due).await;
        drop(on_its_way);
        match answer {
            Ok(response) if response.body.len() > request.max_response_bytes => {
                fail(HttpFailureKind::TooLarge)
            }
            Ok(response) => Ok(response),
            Err(kind) => fail(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures::FutureExt;
    use http::Method;
    use jf_core::spi::{HttpConnector, HttpExchange, HttpFailureKind};
    use jiff::SignedDuration;
    use serde_json::json;

    use super::{ScriptedHttp, StubReply, StubRule};
    use crate::ManualClock;

    fn request(url: &str) -> HttpExchange {
        let mut request = HttpExchange::new(Method::POST, url, Duration::from_secs(3), 100);
        request.body = Some(json!({ "sku": "tea", "quantity": 2 }).to_string().into());
        request
    }

    #[test]
    fn the_first_rule_that_fits_answers_in_order_and_repeats_its_last_reply() {
        let http = ScriptedHttp::new(Arc::new(ManualClock::default()));
        http.add(StubRule::new("other").query("v", "2").reply(StubReply::empty(500)));
        let rule =
            StubRule::new("tea").method("POST").url("https://x.example/*").body(json!({ "sku": "tea" }));
        http.add(rule.reply(StubReply::empty(503)).reply(StubReply::text(200, "ok")));
        let status = |url: &str| {
            http.send(request(url)).now_or_never().expect("at once").map(|response| response.status.as_u16())
        };
        assert_eq!(status("https://x.example/a").unwrap(), 503);
        assert_eq!(status("https://x.example/b").unwrap(), 200);
        assert_eq!(status("https://x.example/c").unwrap(), 200);
        assert_eq!(status("https://x.example/c?v=2").unwrap(), 500);
        assert_eq!(status("https://y.example/c").unwrap_err().kind(), HttpFailureKind::Network);
        let calls = http.take_calls();
        let rules: Vec<_> = calls.iter().map(|call| call.rule.as_deref()).collect();
        assert_eq!(rules, [Some("tea"), Some("tea"), Some("tea"), Some("other"), None]);
        assert_eq!(calls[0].json().unwrap()["quantity"], 2);
        assert_eq!((http.unmatched(), http.take_calls().len()), (1, 0));
    }

    #[test]
    fn delays_and_time_outs_pass_on_the_clock() {
        let clock = ManualClock::default();
        let http = ScriptedHttp::new(Arc::new(clock.clone()));
        let rule = StubRule::new("slow").reply(StubReply::json(200, json!(1)).after(Duration::from_secs(2)));
        http.add(rule.reply(StubReply::failure(HttpFailureKind::Timeout)));
        for (seconds, expected) in [(2, Ok(200)), (3, Err(HttpFailureKind::Timeout))] {
            let mut sent = http.send(request("https://x.example/"));
            assert!((&mut sent).now_or_never().is_none());
            clock.advance(SignedDuration::from_secs(seconds) - SignedDuration::from_millis(1));
            assert!((&mut sent).now_or_never().is_none());
            clock.advance(SignedDuration::from_millis(1));
            let answer = sent.now_or_never().expect("its time has come");
            assert_eq!(answer.map(|r| r.status.as_u16()).map_err(|failure| failure.kind()), expected);
        }
    }

    #[test]
    fn a_call_that_is_taken_back_and_sent_again_is_one_call_that_keeps_its_time() {
        let clock = ManualClock::default();
        let http = ScriptedHttp::new(Arc::new(clock.clone()));
        let rule = StubRule::new("slow").reply(StubReply::empty(200).after(Duration::from_secs(2)));
        http.add(rule.reply(StubReply::failure(HttpFailureKind::Timeout)));
        let second = SignedDuration::from_secs(1);
        for (seconds, expected) in [(2, Ok(200)), (3, Err(HttpFailureKind::Timeout))] {
            let mut sent = http.send(request("https://x.example/"));
            assert!((&mut sent).now_or_never().is_none());
            clock.advance(second);
            http.take_back();
            drop(sent);
            let mut again = http.send(request("https://x.example/"));
            assert!((&mut again).now_or_never().is_none());
            clock.advance(second * (seconds - 1) - SignedDuration::from_millis(1));
            assert!((&mut again).now_or_never().is_none());
            clock.advance(SignedDuration::from_millis(1));
            let answer = again.now_or_never().expect("its time has come");
            assert_eq!(answer.map(|r| r.status.as_u16()).map_err(|failure| failure.kind()), expected);
            assert_eq!(http.take_calls().len(), 1);
        }
    }

    #[test]
    fn a_call_that_was_counted_before_it_is_taken_back_is_not_counted_again() {
        let http = ScriptedHttp::new(Arc::new(ManualClock::default()));
        http.add(StubRule::new("slow").reply(StubReply::empty(200).after(Duration::from_secs(2))));
        let mut sent = http.send(request("https://x.example/"));
        assert!((&mut sent).now_or_never().is_none());
        assert_eq!(http.take_calls().len(), 1);
        for _ in 0..2 {
            http.take_back();
            sent = http.send(request("https://x.example/"));
            assert!((&mut sent).now_or_never().is_none());
            assert_eq!(http.take_calls().len(), 0);
        }
        let mut another = http.send(request("https://x.example/"));
        assert!((&mut another).now_or_never().is_none());
        assert_eq!(http.take_calls().len(), 1);
    }

    #[test]
    fn a_call_that_no_rule_fits_is_told_with_what_each_rule_has_against_it() {
        let http = ScriptedHttp::new(Arc::new(ManualClock::default()));
        http.add(StubRule::new("get").method("GET"));
        http.add(StubRule::new("tea").method("POST").body(json!({ "sku": "coffee" })));
        http.add(StubRule::new("known").header("X-Known", "yes"));
        http.send(request("https://x.example/")).now_or_never().expect("at once").unwrap_err();
        let (call, misfits) = http.first_unmatched().expect("it was kept");
        assert_eq!(call.url, "https://x.example/");
        let told: Vec<_> = misfits.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        let known = "known: `X-Known` is \"yes\" there";
        assert_eq!(told, ["get: it has the method GET", "tea: its body has { \"sku\": \"coffee\" }", known]);
    }
}
