//! A reader of server-sent events, as browsers have one (`EventSource`).

use reqwest::{Client, Response};
use serde_json::Value;

use super::in_time;

/// One stream. It knows the last id and what was asked for between attempts.
pub(crate) struct EventSource {
    response: Response,
    text: String,
    /// The last id that came.
    pub(crate) last_id: Option<String>,
    /// The last time to wait before the next attempt, in milliseconds.
    pub(crate) retry: Option<u64>,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServerEvent {
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

impl EventSource {
    /// Opens a stream; gives the status if there is none.
    pub(crate) async fn open(client: &Client, url: &str, last_id: Option<&str>) -> Result<Self, u16> {
        let mut request = client.get(url).header("accept", "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = in_time("a stream of events", request.send()).await.unwrap();
        let media = response.headers().get("content-type").map(|media| media.to_str().unwrap().to_owned());
        if media.as_deref() != Some("text/event-stream") {
            return Err(response.status().as_u16());
        }
        Ok(Self { response, text: String::new(), last_id: last_id.map(str::to_owned), retry: None })
    }

    /// The next event; `None` at the end of the stream, however it came.
    pub(crate) async fn next(&mut self) -> Option<ServerEvent> {
        in_time("an event", async {
            loop {
                while let Some((block, rest)) = self.text.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.text = rest;
                    if let Some(event) = self.dispatch(&block) {
                        return Some(event);
                    }
                }
                let chunk = self.response.chunk().await.ok().flatten()?;
                self.text.push_str(std::str::from_utf8(&chunk).expect("events are text"));
            }
        })
        .await
    }

    /// What a block of lines comes to: an event, if it has data.
    fn dispatch(&mut self, block: &str) -> Option<ServerEvent> {
        let (mut kind, mut data, mut id) = ("message".to_owned(), Vec::new(), None);
        for line in block.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut kind),
                "data" => data.push(value),
                "id" => id = Some(value.to_owned()),
                "retry" => self.retry = value.parse().ok(),
                "" => {}
                other => panic!("an unknown field `{other}`"),
            }
        }
        self.last_id = id.clone().or(self.last_id.take());
        let data = (!data.is_empty()).then(|| data.join("\n"))?;
        Some(ServerEvent { kind, id, data: serde_json::from_str(&data).expect("data is JSON") })
    }
}
