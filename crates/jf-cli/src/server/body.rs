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
pub(super) struct LeavingBody {
    body: AnyBody,
    reader: Option<Arc<Reader>>,
    _in_flight: InFlight,
}

impl LeavingBody {
    pub(super) const fn new(body: AnyBody, reader: Option<Arc<Reader>>, in_flight: InFlight) -> Self {
        Self { body, reader, _in_flight: in_flight }
    }
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
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(Some(_))) {
            reader.gets();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
