//! A client of the `journeyforge.v1` protocol that shows frames as they come.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;

use futures::{FutureExt, SinkExt, StreamExt};
use http::header::SEC_WEBSOCKET_PROTOCOL;
use jf_core::exact_json;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::http::{HttpResponse, header_map};
use super::{ClientError, patiently};

/// What a client says of itself when it connects.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Handshake {
    /// The offered subprotocols, if any.
    pub protocols: Vec<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Query parameters, percent-encoded as given.
    pub query: Vec<(String, String)>,
}

impl Handshake {
    /// Offers one more subprotocol.
    #[must_use]
    pub fn with_protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocols.push(protocol.into());
        self
    }

    /// Sends one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The close code; `None` when the connection ended without one.
    pub code: Option<u16>,
    /// The reason that came with it.
    pub reason: String,
}

/// One connection. Frames are read when they are asked for and stay in order; what a call passes over is kept for later ones.
///
/// Control pings are answered while something is read.
pub struct WebSocketClient {
    stream: WebSocketStream<Box<dyn Io>>,
    welcome: Value,
    protocol: Option<String>,
    kept: VecDeque<Value>,
    closed: Option<Closed>,
    next_id: u64,
}

/// Whatever bytes go through.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

fn unbounded() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(None).max_frame_size(None)
}

impl WebSocketClient {
    /// Connects to a path and reads the `welcome`.
    ///
    /// # Errors
    /// When the handshake is refused, or something else comes first.
    pub async fn connect(server: SocketAddr, path: &str, handshake: &Handshake) -> Result<Self, ClientError> {
        Self::upgrade(server, path, handshake).await?.welcomed().await
    }

    /// Connects to a path and reads nothing.
    ///
    /// # Errors
    /// When the handshake is refused.
    pub async fn upgrade(server: SocketAddr, path: &str, handshake: &Handshake) -> Result<Self, ClientError> {
        let socket = patiently(TcpStream::connect(server)).await?.map_err(ClientError::connection)?;
        // Frames are small, and each is waited for.
        socket.set_nodelay(true).map_err(ClientError::connection)?;
        Self::upgrade_over(socket, &server.to_string(), path, handshake).await
    }

    /// The same as [`WebSocketClient::connect`] over a connection that is there already, to a host of that name.
    ///
    /// # Errors
    /// When the handshake is refused, or something else comes first.
    pub async fn connect_over(
        connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        host: &str,
        path: &str,
        handshake: &Handshake,
    ) -> Result<Self, ClientError> {
        Self::upgrade_over(connection, host, path, handshake).await?.welcomed().await
    }

    /// A conversation over a connection that needs no handshake, such as one end of `tokio::io::duplex`.
    ///
    /// # Errors
    /// When something else than the `welcome` comes first.
    pub async fn begin_over(
        connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self, ClientError> {
        let connection: Box<dyn Io> = Box::new(connection);
        let stream = WebSocketStream::from_raw_socket(connection, Role::Client, Some(unbounded())).await;
        Self::new(stream, None).welcomed().await
    }

    async fn upgrade_over(
        connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        host: &str,
        path: &str,
        handshake: &Handshake,
    ) -> Result<Self, ClientError> {
        let query: Vec<String> =
            handshake.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let mut request =
            format!("ws://{host}{path}{query}").into_client_request().map_err(ClientError::connection)?;
        request.headers_mut().extend(header_map(&handshake.headers)?);
        if !handshake.protocols.is_empty() {
            let offer = handshake.protocols.join(", ").parse().map_err(ClientError::connection)?;
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offer);
        }
        let connection: Box<dyn Io> = Box::new(connection);
        let upgraded = client_async_with_config(request, connection, Some(unbounded()));
        let (stream, response) = patiently(upgraded).await?.map_err(|error| match error {
            Error::Http(response) => {
                let (parts, body) = response.into_parts();
                let body = body.unwrap_or_default().into();
                ClientError::Refused(Box::new(HttpResponse::new(parts.status, parts.headers, body)))
            }
            error => ClientError::connection(error),
        })?;
        let protocol = response.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
        Ok(Self::new(stream, protocol.map(str::to_owned)))
    }

    fn new(stream: WebSocketStream<Box<dyn Io>>, protocol: Option<String>) -> Self {
        Self { stream, protocol, welcome: Value::Null, kept: VecDeque::new(), closed: None, next_id: 0 }
    }

    async fn welcomed(mut self) -> Result<Self, ClientError> {
        self.welcome = self.frame().await?;
        if self.welcome["type"] != "welcome" {
            return Err(ClientError::protocol(format!("the first frame is {}", self.welcome)));
        }
        Ok(self)
    }

    /// The frame the server began with.
    #[must_use]
    pub fn welcome(&self) -> &Value {
        &self.welcome
    }

    /// The subprotocol the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, frame: &Value) -> Result<(), ClientError> {
        self.send_message(Message::text(frame.to_string())).await
    }

    /// Sends any message, well formed or not.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send_message(&mut self, message: Message) -> Result<(), ClientError> {
        patiently(self.stream.send(message)).await?.map_err(ClientError::connection)
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the connection ends first.
    pub async fn frame(&mut self) -> Result<Value, ClientError> {
        match self.kept.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive().await,
        }
    }

    /// The next frame that fits; those before it are kept.
    ///
    /// # Errors
    /// When the connection ends first.
    pub async fn frame_where(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Result<Value, ClientError> {
        if let Some(found) = self.kept.iter().position(&mut fits) {
            return Ok(self.kept.remove(found).unwrap_or_default());
        }
        loop {
            let frame = self.receive().await?;
            if fits(&frame) {
                return Ok(frame);
            }
            self.kept.push_back(frame);
        }
    }

    /// Sends a request under an id of its own and waits for the terminal reply; frames before it are kept.
    ///
    /// # Errors
    /// When the connection ends first.
    pub async fn request(&mut self, frame: Value) -> Result<Value, ClientError> {
        let id = self.begin(frame).await?;
        self.reply(&id).await
    }

    /// Sends a request under an id of its own, which is returned.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn begin(&mut self, mut frame: Value) -> Result<String, ClientError> {
        self.next_id += 1;
        let id = format!("q{}", self.next_id);
        frame["id"] = json!(id);
        self.send(&frame).await?;
        Ok(id)
    }

    /// Waits for the terminal reply to a request; frames before it are kept.
    ///
    /// # Errors
    /// When the connection ends first.
    pub async fn reply(&mut self, id: &str) -> Result<Value, ClientError> {
        self.frame_where(|frame| frame["id"] == id && frame["type"] != "accepted").await
    }

    /// Closes the connection in good order.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn close(mut self) -> Result<(), ClientError> {
        patiently(self.stream.close(None)).await?.map_err(ClientError::connection)?;
        self.closed().await.map(drop)
    }

    /// Waits for the end of the connection; frames before it are kept.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn closed(&mut self) -> Result<Closed, ClientError> {
        loop {
            match self.receive().await {
                Ok(frame) => self.kept.push_back(frame),
                Err(ClientError::Closed(closed)) => return Ok(closed),
                Err(error) => return Err(error),
            }
        }
    }

    /// The frames that were passed over, in order.
    pub fn kept(&mut self) -> &mut VecDeque<Value> {
        &mut self.kept
    }

    /// Whether the server has kept the connection so far. Does not wait.
    pub fn is_open(&mut self) -> bool {
        while self.closed.is_none() {
            match self.receive().now_or_never() {
                None => return true,
                Some(Ok(frame)) => self.kept.push_back(frame),
                Some(Err(_)) => return false,
            }
        }
        false
    }

    async fn receive(&mut self) -> Result<Value, ClientError> {
        loop {
            if let Some(closed) = &self.closed {
                return Err(ClientError::Closed(closed.clone()));
            }
            match patiently(self.stream.next()).await? {
                Some(Ok(Message::Text(text))) => {
                    return exact_json::from_str::<Map<String, Value>>(&text).map(Value::Object).map_err(
                        |error| ClientError::protocol(format!("a frame is no JSON object: {error}")),
                    );
                }
                Some(Ok(Message::Binary(_))) => return Err(ClientError::protocol("a binary message")),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map(|frame| (u16::from(frame.code), frame.reason.as_str().to_owned())).unzip();
                    self.closed = Some(Closed { code, reason: reason.unwrap_or_default() });
                    // Reading on answers the close.
                    let _ = patiently(self.stream.next()).await?;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => self.closed = Some(Closed { code: None, reason: String::new() }),
            }
        }
    }
}

impl fmt::Debug for WebSocketClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketClient")
            .field("protocol", &self.protocol)
            .field("kept", &self.kept.len())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
