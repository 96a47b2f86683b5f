//! The same system behind a port, as an embedder serves it, with clients over real sockets. Only its clock is none of the machine: it stands still until a
//! transcript moves it, so that hours pass at once and nothing is ever too late.

mod flows;
mod hand;
mod line;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::serve::ListenerExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jf_testkit::HttpClient;
use jf_testkit::transcript::{Line, Need, Refused, Stage};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio_tungstenite::client_async_with_config;
use tungstenite::Error;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::WebSocketConfig;

use self::flows::{Counted, CountedListener, Flows};
use self::hand::Hand;
use self::line::SocketLine;
use crate::memory::{Memory, Settings};

/// The buffers of connections whose clients are going to stop reading, in bytes. The system makes something like it of them.
const NARROW: u32 = 4 << 10;

/// A fresh system on a port of its own, for one transcript.
pub(crate) struct SocketStage {
    server: Option<Server>,
    flows: Flows,
    hand: Arc<Hand>,
    narrow: bool,
}

struct Server {
    memory: Memory,
    address: SocketAddr,
    accepting: JoinHandle<std::io::Result<()>>,
}

impl SocketStage {
    /// Takes the clock of the runtime, which has to be paused. `narrow` makes clients able to stop reading in earnest.
    pub(crate) async fn open(settings: Settings, narrow: bool) -> Self {
        let flows = Flows::default();
        let hand = Arc::new(Hand::take(flows.clone()));
        let mut stage = Self { server: None, flows, hand, narrow };
        let (listener, address) = stage.listen();
        let memory = Memory::open(settings.at(address)).await;
        stage.serve(listener, memory);
        stage
    }

    fn listen(&self) -> (CountedListener, SocketAddr) {
        let socket = TcpSocket::new_v4().unwrap();
        if self.narrow {
            // Connections inherit it.
            socket.set_send_buffer_size(NARROW).unwrap();
        }
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        (CountedListener { listener, flows: self.flows.clone() }, address)
    }

    /// What `main` of an embedder does, and no more.
    fn serve(&mut self, listener: CountedListener, memory: Memory) {
        let address = listener.listener.local_addr().unwrap();
        let app = memory.binding.attach(memory.http.clone());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let listener = listener.tap_io(Counted::send_at_once);
        let accepting = tokio::spawn(axum::serve(listener, app).into_future());
        self.server = Some(Server { memory, address, accepting });
    }

    fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address
    }
}

#[async_trait]
impl Stage for SocketStage {
    fn can(&self, _: &Need) -> Result<(), String> {
        Ok(())
    }

    async fn connect(&mut self, path: &str, headers: &[(String, String)]) -> Result<Box<dyn Line>, Refused> {
        let address = self.address();
        let socket = TcpSocket::new_v4().unwrap();
        if self.narrow {
            socket.set_recv_buffer_size(NARROW).unwrap();
        }
        let stream = socket.connect(address).await.unwrap();
        let mut connection = self.flows.client(stream);
        connection.send_at_once();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        match self.hand.wait(client_async_with_config(request, connection, Some(config))).await {
            Some(Ok((socket, _))) => Ok(Box::new(SocketLine::new(socket, Arc::clone(&self.hand)))),
            Some(Err(Error::Http(response))) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err(Refused::new(
                    response.status().as_u16(),
                    serde_json::from_slice(body).unwrap_or_default(),
                ))
            }
            Some(Err(error)) => Err(Refused::new(0, error.to_string().into())),
            None => Err(Refused::new(0, "nothing".into())),
        }
    }

    async fn http(&mut self, method: &str, path: &str, body: Option<String>) -> Result<(u16, Value), String> {
        // Somebody else: whatever clients have sent before is there by now.
        self.hand.rest().await;
        let method: Method = method.parse().map_err(|_| "no method of HTTP".to_owned())?;
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let body = body.unwrap_or_default().into_bytes().into();
        let client = HttpClient::new(self.address());
        let response = self.hand.wait(client.send_bytes(method, path, headers, body)).await;
        let response = response.ok_or("no answer")?.map_err(|error| error.to_string())?;
        Ok((response.status.as_u16(), response.json().unwrap_or_default()))
    }

    async fn advance(&mut self, by: Duration) -> Result<(), String> {
        self.hand.pass(by).await;
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), String> {
        let Server { memory, accepting, .. } = self.server.take().unwrap();
        accepting.abort();
        let (settings, store) = memory.ended();
        // Whatever the engine had under way is gone before another one begins.
        self.hand.rest().await;
        let (listener, address) = self.listen();
        let memory = Memory::over(settings.at(address), store).await;
        self.serve(listener, memory);
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), String> {
        self.server.as_ref().unwrap().memory.drain.begin();
        Ok(())
    }
}
