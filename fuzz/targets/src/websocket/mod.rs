//! What a client sends over WebSocket, against the binding as its embedders have it.
//!
//! A conversation is polled by hand, in a runtime that nobody drives: the engine is ready at once and time does not matter, so that an input has the same
//! consequences every time.

mod engine;
mod frame;
mod framing;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};

use jf_binding_ws::{WsBinding, WsConfig};
use tokio::runtime::{Builder, Runtime};

pub(crate) use frame::{frame, seeds as frames};
pub(crate) use framing::{framing, seeds as streams};

const PATH: &str = "/ws/journeys/order";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime can be had"));

static BINDING: LazyLock<WsBinding> = LazyLock::new(|| {
    let mut config = WsConfig::default();
    // An input is judged by what it is, and not by how much of it there is.
    config.limits.burst = std::num::NonZeroU32::MAX;
    WsBinding::new(engine::empty(), config).expect("the settings are good")
});

/// Notes that somebody was woken.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A conversation that is held in hand.
struct Talk<'a> {
    conversation: RefCell<Option<Pin<Box<dyn Future<Output = ()> + 'a>>>>,
    flag: Arc<Flag>,
}

impl<'a> Talk<'a> {
    fn new(conversation: impl Future<Output = ()> + 'a) -> Self {
        Self { conversation: RefCell::new(Some(Box::pin(conversation))), flag: Arc::default() }
    }

    /// Goes on until nothing happens any more; whether the conversation has ended.
    fn go_on(&self) -> bool {
        let _inside = RUNTIME.enter();
        let waker = Waker::from(Arc::clone(&self.flag));
        let mut conversation = self.conversation.borrow_mut();
        while let Some(future) = conversation.as_mut() {
            self.flag.0.store(false, Ordering::Relaxed);
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => *conversation = None,
                Poll::Pending if self.flag.0.load(Ordering::Relaxed) => {}
                Poll::Pending => return false,
            }
        }
        true
    }
}
