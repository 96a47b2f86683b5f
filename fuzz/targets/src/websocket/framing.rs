//! The bytes of a connection: frames of RFC 6455, in whatever pieces they arrive (ENC-1, ENC-2, LIM-1).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use jf_core::Caller;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{BINDING, PATH, Talk, frame};

/// The first byte of an input tells into pieces of what size the rest is cut the second time.
const PIECES: u8 = 16;

/// Messages as a client sends them, whole and in fragments, with control frames between; and some that break the rules.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let text = br#"{"type":"ping","id":"1"}"#;
    let whole = |piece: u8, frames: &[Vec<u8>]| [&[piece][..], &frames.concat()].concat();
    let mut seeds: Vec<_> = frame::seeds().iter().map(|text| whole(3, &[masked(0x81, text)])).collect();
    let fragments =
        [masked(0x01, &text[..9]), masked(0x89, b"?"), masked(0x00, b""), masked(0x80, &text[9..])];
    seeds.push(whole(0, &fragments));
    seeds.push(whole(1, &[masked(0x8a, b""), masked(0x81, text), masked(0x88, &[0x03, 0xe8])]));
    seeds.push(whole(5, &[masked(0x81, text), masked(0x82, b"binary")]));
    seeds.push(whole(7, &[masked(0x81, b"\xff")]));
    seeds.push(whole(2, &[masked(0xc1, text)]));
    seeds
}

/// A frame of a client with a short payload.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let length = match u8::try_from(payload.len()) {
        Ok(short @ ..=125) => vec![0x80 | short],
        _ => [&[0xfe][..], &u16::try_from(payload.len()).expect("seeds are short").to_be_bytes()].concat(),
    };
    let payload: Vec<u8> = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    [&[first][..], &length, &MASK, &payload].concat()
}

/// The server's end of a connection whose client has sent all it has to, in pieces.
#[derive(Clone, Default)]
struct Pipe {
    incoming: Rc<RefCell<VecDeque<Vec<u8>>>>,
    outgoing: Rc<RefCell<Vec<u8>>>,
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut incoming = self.incoming.borrow_mut();
        let Some(mut piece) = incoming.pop_front() else { return Poll::Pending };
        let rest = piece.split_off(piece.len().min(buf.remaining()));
        buf.put_slice(&piece);
        if !rest.is_empty() {
            incoming.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.outgoing.borrow_mut().extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a server has sent.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// Messages in some order, the first one left out.
    Messages(Vec<String>),
    /// It has closed the connection, with this code. What it would have answered may be lost with it.
    Closed(Option<u16>),
}

fn told(pieces: impl Iterator<Item = Vec<u8>>) -> Told {
    let pipe = Pipe::default();
    pipe.incoming.borrow_mut().extend(pieces);
    let conversation = BINDING.converse_over(PATH, Caller::internal("fuzzer"), pipe.clone());
    let talk = Talk::new(conversation.expect("the path is served"));
    talk.go_on();
    let bytes = pipe.outgoing.take();
    read(&bytes)
}

/// Reads what a server has sent, every frame of which has to be one that servers send.
fn read(mut bytes: &[u8]) -> Told {
    let (mut messages, mut text, mut begun) = (Vec::new(), Vec::new(), false);
    while let [first, second, rest @ ..] = bytes {
        let (last, code, length) = (first & 0x80 != 0, first & 0x0f, second & 0x7f);
        assert_eq!((first & 0x70, second & 0x80), (0, 0), "no extension, no mask");
        let (length, rest) = match (length, rest) {
            (126, [a, b, rest @ ..]) => {
                let length = usize::from(u16::from_be_bytes([*a, *b]));
                assert!(length > 125);
                (length, rest)
            }
            (127, _) => panic!("nothing is answered at that length"),
            (short, rest) => (usize::from(short), rest),
        };
        let (payload, rest) = rest.split_at(length);
        bytes = rest;
        if code >= 8 {
            assert!(last && length <= 125, "a control frame is short and whole");
        }
        match code {
            0 | 1 => {
                assert_eq!(begun, code == 0);
                text.extend_from_slice(payload);
                begun = !last;
                if last {
                    messages.push(String::from_utf8(std::mem::take(&mut text)).expect("text is UTF-8"));
                }
            }
            8 => {
                assert!(bytes.is_empty(), "nothing comes behind a close");
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                assert!(code != Some(1011), "a panic");
                return Told::Closed(code);
            }
            9 | 10 => {}
            other => panic!("servers send no {other}"),
        }
    }
    assert!(bytes.is_empty() && !begun, "whole frames and whole messages");
    assert!(messages.remove(0).starts_with(r#"{"type":"welcome""#));
    messages.sort_unstable();
    Told::Messages(messages)
}

/// Whatever bytes arrive, frames are answered by frames, a fault by a close; and into what pieces they are cut changes nothing.
pub(crate) fn framing(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = told(std::iter::once(bytes.to_vec()).filter(|bytes| !bytes.is_empty()));
    let cut = told(bytes.chunks(usize::from(size % PIECES) + 1).map(<[u8]>::to_vec));
    let is_hello = |told: &Told| matches!(told, Told::Messages(messages) if messages.iter().any(|text| text.starts_with(r#"{"type":"welcome""#)));
    // The time is in it.
    assert!(whole == cut || (is_hello(&whole) && is_hello(&cut)), "{whole:?} but in pieces {cut:?}");
}
