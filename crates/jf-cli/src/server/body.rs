//! Bodies that are looked after: those of requests may not stand still or take forever, those of answers tell when they are over.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body as AnyBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::{InFlight, Receiving};
use super::reader::Reader;

/// A request body that fails when nothing of it comes for some time, or when it is not over after a longer one.
pub(super) struct MovingBody {
    body: Incoming,
    /// Until it is over.
    receiving: Option<Receiving>,
    patience: Duration,
    /// When it has to be over.
    end: Instant,
    /// Made only when the body has to be waited for.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl MovingBody {
    pub(super) fn new(body: Incoming, receiving: Receiving, patience: Duration, most: Duration) -> Self {
        Self { body, receiving: Some(receiving), patience, end: Instant::now() + most, alarm: None }
    }
}

impl Body for MovingBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        let next = || (Instant::now() + this.patience).min(this.end);
        let has_ended = this.receiving.as_ref().is_some_and(|receiving| {
            receiving.register(cx.waker());
            receiving.has_ended()
        });
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(alarm) = &mut this.alarm {
                alarm.as_mut().reset(next());
            }
            if frame.is_none() || this.body.is_end_stream() {
                this.receiving = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if has_ended {
            return Poll::Ready(Some(Err("the peer ended before the body did".into())));
        }
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(next())));
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Some(Err("the body stood still for too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer, which is in flight as long as it exists.
///
/// With a reader it is one of HTTP/2, and given out in pieces. hyper hands what it is given on as soon as the peer has room for a single byte of
/// it, and forgets an answer whose last piece it has handed on: given out whole, any answer would be forgotten at once, and lie where no
/// bound reaches it until the peer cares to take it. So the last byte is a piece of its own, which is asked for when the peer has room for all
/// others.
pub(super) struct LeavingBody {
    body: AnyBody,
    /// Begun, and not given out to its end.
    piece: Bytes,
    reader: Option<Arc<Reader>>,
    _in_flight: InFlight,
}

/// What is given out at once: a frame of HTTP/2 as large as every peer takes it.
const PIECE: usize = 16 * 1024;

impl LeavingBody {
    pub(super) const fn new(body: AnyBody, reader: Option<Arc<Reader>>, in_flight: InFlight) -> Self {
        Self { body, piece: Bytes::new(), reader, _in_flight: in_flight }
    }
}

/// Takes off what is given out next.
fn next_piece(rest: &mut Bytes, is_last: bool) -> Bytes {
    let length = match rest.len() {
        length @ 2.. if is_last => length - 1,
        length => length,
    };
    rest.split_to(length.min(PIECE))
}

impl Body for LeavingBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let Some(reader) = &this.reader else { return Pin::new(&mut this.body).poll_frame(cx) };
        reader.asks();
        if this.piece.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(cx)?) else {
                return Poll::Ready(None);
            };
            match frame.into_data() {
                Ok(piece) => this.piece = piece,
                Err(trailers) => {
                    reader.gets();
                    return Poll::Ready(Some(Ok(trailers)));
                }
            }
        }
        reader.gets();
        Poll::Ready(Some(Ok(Frame::data(next_piece(&mut this.piece, this.body.is_end_stream())))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, begun) = (self.body.size_hint(), self.piece.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + begun);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + begun);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::time::Duration;

    use axum::body::Body;
    use futures::future::poll_fn;
    use hyper::body::Body as _;

    use super::super::activity::{Activity, Protocol};
    use super::super::reader::{Reader, run};
    use super::super::stall::Stall;
    use super::{LeavingBody, PIECE};

    /// The lengths of the pieces that a body of HTTP/2 is given out in.
    async fn pieces(body: Body) -> Vec<usize> {
        let (told, lengths) = tokio::sync::oneshot::channel();
        let stream = async {
            let in_flight = Activity::new(Protocol::Http2, Stall::new()).request_begins();
            let mut body = LeavingBody::new(body, Reader::current(), in_flight);
            let (whole, mut left) = (body.size_hint().exact(), Vec::new());
            let mut lengths = Vec::new();
            while !body.is_end_stream()
                && let Some(piece) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
            {
                lengths.push(piece.unwrap().into_data().unwrap().len());
                left.extend(body.size_hint().exact());
            }
            assert_eq!(left.last().copied(), whole.map(|_| 0), "what is left is known as well as the whole");
            told.send(lengths).unwrap();
        };
        run(stream, Duration::from_secs(1)).await;
        lengths.await.unwrap()
    }

    #[tokio::test]
    async fn flow_6_the_last_byte_of_an_answer_is_a_piece_of_its_own() {
        let of = |length: usize| Body::from(vec![b'x'; length]);
        assert_eq!(pieces(of(1)).await, [1]);
        assert_eq!(pieces(of(2)).await, [1, 1]);
        assert_eq!(pieces(of(PIECE)).await, [PIECE - 1, 1]);
        assert_eq!(pieces(of(PIECE + 1)).await, [PIECE, 1]);
        assert_eq!(pieces(of(2 * PIECE + 10)).await, [PIECE, PIECE, 9, 1]);
        // What has no known end is over when it says so.
        let stream = futures::stream::iter(
            [10, 0, PIECE + 1].map(|length| Ok::<_, std::io::Error>(vec![b'x'; length])),
        );
        assert_eq!(pieces(Body::from_stream(stream)).await, [10, 0, PIECE, 1]);
    }
}
