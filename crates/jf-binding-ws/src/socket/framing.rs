//! The headers of frames, judged as they pass by, before the library waits for the payload that they announce.
//!
//! The library finds most of this, but only once a frame is there as a whole: a control frame of a gigabyte would be waited for. It takes
//! lengths in any form, and any number of fragments, which cost the server work without ever becoming a message that counts (LIM-4).

use std::io;

use thiserror::Error;

/// Fragments of one message (ENC-2).
const MAX_FRAGMENTS: u8 = 64;
/// The longest header: two bytes, a length of eight, a mask of four.
const MAX_HEADER: usize = 14;

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// RFC 6455 was broken.
    #[error("a frame that RFC 6455 does not allow")]
    Protocol,
    /// More parts than a message may have.
    #[error("a message in more than {MAX_FRAGMENTS} fragments")]
    Fragments,
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

impl Fault {
    /// The fault behind an error of the stream, if that is what it is.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// What has been seen of a stream of frames from a client.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// The header that is arriving.
    header: [u8; MAX_HEADER],
    seen: u8,
    /// Bytes of the payload that are still to come.
    payload: u64,
    /// Fragments of the message that has begun.
    fragments: u8,
}

impl Framing {
    /// Looks at further bytes.
    ///
    /// # Errors
    /// A fault, and how many of the bytes lie before the frame that has it.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Result<(), (usize, Fault)> {
        let (mut at, mut frame) = (0, 0);
        while at < bytes.len() {
            if self.payload > 0 {
                let rest = u64::try_from(bytes.len() - at).unwrap_or(u64::MAX);
                let part = self.payload.min(rest);
                self.payload -= part;
                at += usize::try_from(part).unwrap_or(usize::MAX);
                continue;
            }
            if self.seen == 0 {
                frame = at;
            }
            self.header[usize::from(self.seen)] = bytes[at];
            self.seen += 1;
            at += 1;
            self.judge().map_err(|fault| (frame, fault))?;
        }
        Ok(())
    }

    /// Judges what the last byte of the header has completed.
    fn judge(&mut self) -> Result<(), Fault> {
        let [first, second, ..] = self.header;
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let (control, length) = (opcode >= 8, second & 0x7f);
        let extended = match length {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        match usize::from(self.seen) {
            1 => return self.judge_first(first & 0x70 != 0, last, opcode),
            2 if second & 0x80 == 0 || (control && length > 125) => return Err(Fault::Protocol),
            seen if seen < 6 + extended => return Ok(()),
            _ => {}
        }
        let told = self.header[2..2 + extended].iter().fold(0, |told, byte| told << 8 | u64::from(*byte));
        self.payload = match extended {
            0 => u64::from(length),
            2 if told > 125 => told,
            8 if told > 0xffff && told >> 63 == 0 => told,
            _ => return Err(Fault::Protocol),
        };
        self.seen = 0;
        if !control {
            self.fragments = if last { 0 } else { self.fragments + 1 };
        }
        Ok(())
    }

    /// The first byte says what may come at all.
    fn judge_first(&self, reserved: bool, last: bool, opcode: u8) -> Result<(), Fault> {
        let goes_on = self.fragments > 0;
        let allowed = match opcode {
            0 => goes_on,
            1 | 2 => !goes_on,
            8..=10 => last,
            _ => false,
        };
        if reserved || !allowed {
            return Err(Fault::Protocol);
        }
        if opcode == 0 && self.fragments == MAX_FRAGMENTS {
            return Err(Fault::Fragments);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Framing};
    use proptest::prelude::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(first: u8, payload: usize) -> Vec<u8> {
        let length = u8::try_from(payload).unwrap();
        [&[first, 0x80 | length][..], &MASK, &vec![b'x'; payload]].concat()
    }

    fn passes(bytes: &[u8]) -> Result<(), (usize, Fault)> {
        let whole = Framing::default().pass(bytes);
        // Byte by byte the fault comes at the same frame.
        let mut framing = Framing::default();
        let found = bytes.iter().try_for_each(|byte| framing.pass(&[*byte]).map_err(|(_, fault)| fault));
        assert_eq!(found, whole.map_err(|(_, fault)| fault));
        whole
    }

    #[test]
    fn enc_2_messages_fragments_and_what_comes_between_them_pass() {
        let good = [frame(0x81, 5), frame(0x89, 125), frame(0x01, 3), frame(0x8a, 0), frame(0x80, 0)];
        assert_eq!(passes(&good.concat()), Ok(()));
    }

    #[test]
    fn enc_2_a_fault_is_found_at_its_frame() {
        let good = frame(0x81, 5);
        for bad in [
            frame(0xc1, 0),
            frame(0x91, 1),
            frame(0x83, 0),
            frame(0x8b, 0),
            frame(0x09, 0),
            frame(0x80, 0),
            vec![0x81, 0x05],
            vec![0x89, 0xfe],
            vec![0x81, 0xfe, 0, 125],
            vec![0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
            [frame(0x01, 1), frame(0x81, 1)].concat(),
        ] {
            let mut framing = Framing::default();
            let bytes = [&good[..], &good, &bad, &MASK].concat();
            let (before, fault) = framing.pass(&bytes).unwrap_err();
            assert_eq!(fault, Fault::Protocol, "{bad:02x?}");
            let begun = if bad[0] == 0x01 { good.len() * 2 + frame(0x01, 1).len() } else { good.len() * 2 };
            assert_eq!(before, begun, "{bad:02x?}");
            assert!(passes(&bytes).is_err());
        }
    }

    #[test]
    fn enc_2_a_message_has_64_fragments_at_most() {
        let of = |parts: usize| {
            let middle = frame(0x00, 0).repeat(parts - 2);
            [frame(0x01, 0), middle, frame(0x80, 0), frame(0x89, 0)].concat()
        };
        assert_eq!(passes(&of(64)), Ok(()));
        assert_eq!(passes(&[of(64), of(64)].concat()), Ok(()), "each message counts for itself");
        assert_eq!(passes(&of(65)).map_err(|(_, fault)| fault), Err(Fault::Fragments));
    }

    #[test]
    fn fault_comes_through_an_error_of_the_stream() {
        assert_eq!(Fault::of(&Fault::Fragments.into()), Some(Fault::Fragments));
        assert_eq!(Fault::of(&std::io::ErrorKind::InvalidData.into()), None);
    }

    proptest! {
        /// ENC-2: where a stream is cut into reads changes nothing.
        #[test]
        fn enc_2_any_bytes_in_any_pieces(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            let mut framing = Framing::default();
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            let found = framing.pass(one).and_then(|()| framing.pass(two));
            let whole = passes(&bytes);
            prop_assert_eq!(found.map_err(|(_, fault)| fault), whole.map_err(|(_, fault)| fault));
        }
    }
}
