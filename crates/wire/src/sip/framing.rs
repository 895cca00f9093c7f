//! Cutting a stream (TCP, TLS) into messages, and telling a datagram from a keep-alive.

use std::mem;

use thiserror::Error;

use super::message::{Malformed, Message, Start, head_end};
use crate::limits::{SIP_BODY_BYTES_MAX, SIP_DATAGRAM_BYTES_MAX, SIP_HEAD_BYTES_MAX, SIP_STREAM_BYTES_KEPT};

/// What came out of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One message, head and body.
    Message(Vec<u8>),
    /// A keep-alive (RFC 5626): answered with one CR LF.
    Ping,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Cause {
    /// It does not speak SIP.
    #[error("the stream is not SIP")]
    NotSip,
    /// A head longer than [`SIP_HEAD_BYTES_MAX`].
    #[error("a head exceeds the limit")]
    HeadTooLong,
    /// A body longer than [`SIP_BODY_BYTES_MAX`].
    #[error("a body exceeds the limit")]
    BodyTooLong,
    /// The length is missing, no number, or stands there twice: nobody knows where the next message begins.
    #[error("the content length is missing or wrong")]
    Length,
}

/// The end of a stream by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Why.
    pub cause: Cause,
    /// The head of the message that broke it, if it came whole: it can be answered before the connection is closed.
    pub head: Option<Vec<u8>>,
}

/// One connection's bytes. Holds one message at most, plus what came with its end.
#[derive(Debug, Default)]
pub struct Stream {
    buffer: Vec<u8>,
    /// How far the end of the head was looked for already.
    searched: usize,
    /// The whole length of the message that is being received, once its head is there.
    expected: Option<usize>,
    is_broken: bool,
}

impl Stream {
    const ROOM: usize = SIP_HEAD_BYTES_MAX + SIP_BODY_BYTES_MAX;

    /// Takes bytes from the connection and says how many: fewer than there are only if messages wait to be polled.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let taken = if self.is_broken { bytes.len() } else { bytes.len().min(Self::ROOM - self.buffer.len()) };
        if !self.is_broken {
            self.buffer.extend_from_slice(&bytes[..taken]);
        }
        taken
    }

    /// Whether no message has begun.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next frame; none until more bytes come. After an error there is nothing more.
    pub fn poll(&mut self) -> Option<Result<Frame, Broken>> {
        loop {
            if self.is_broken {
                return None;
            }
            let result = match self.next() {
                Step::Wait => return None,
                Step::Skip(bytes) => {
                    self.consume(bytes);
                    continue;
                }
                Step::Ping => {
                    self.consume(4);
                    Ok(Frame::Ping)
                }
                Step::Message(length) => Ok(Frame::Message(self.consume(length))),
                Step::Broken(cause, head) => {
                    self.is_broken = true;
                    let mut buffer = mem::take(&mut self.buffer);
                    let head = head.map(|length| {
                        buffer.truncate(length);
                        buffer
                    });
                    Err(Broken { cause, head })
                }
            };
            return Some(result);
        }
    }

    fn next(&mut self) -> Step {
        match &self.buffer[..] {
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return Step::Wait,
            [b'\r', b'\n', b'\r', b'\n', ..] => return Step::Ping,
            [b'\r', b'\n', ..] => return Step::Skip(2),
            // Every first line begins with a method or `SIP/`; TLS on the wrong port does not.
            [first, ..] if !first.is_ascii_alphabetic() && !super::message::is_token(*first) => return Step::Broken(Cause::NotSip, None),
            _ => {}
        }
        let expected = match self.expected {
            Some(expected) => expected,
            None => match self.expect() {
                Ok(Some(expected)) => *self.expected.insert(expected),
                Ok(None) => return Step::Wait,
                Err((cause, head)) => return Step::Broken(cause, head),
            },
        };
        if self.buffer.len() < expected { Step::Wait } else { Step::Message(expected) }
    }

    /// The length of the whole message, as soon as its head is there.
    fn expect(&mut self) -> Result<Option<usize>, (Cause, Option<usize>)> {
        let head = head_end(&self.buffer, self.searched);
        if head.unwrap_or(self.buffer.len()) > SIP_HEAD_BYTES_MAX {
            return Err((Cause::HeadTooLong, None));
        }
        let Some(head) = head else {
            // The empty line may have begun behind the last line feed.
            let line_feed = self.buffer.iter().rposition(|byte| *byte == b'\n');
            if line_feed.is_some() && self.searched == 0 && matches!(Message::parse(&self.buffer), Err(Malformed::NotSip)) {
                return Err((Cause::NotSip, None));
            }
            self.searched = line_feed.unwrap_or_default();
            return Ok(None);
        };
        let message = Message::parse(&self.buffer[..head]).map_err(|malformed| match malformed {
            Malformed::NotSip => (Cause::NotSip, None),
            Malformed::TooLong => (Cause::HeadTooLong, None),
        })?;
        match message.content_length() {
            Ok(Some(body)) if body > SIP_BODY_BYTES_MAX => Err((Cause::BodyTooLong, Some(head))),
            Ok(Some(body)) => Ok(Some(head + body)),
            Ok(None) | Err(_) => Err((Cause::Length, Some(head))),
        }
    }

    fn consume(&mut self, length: usize) -> Vec<u8> {
        (self.searched, self.expected) = (0, None);
        let rest = self.buffer.split_off(length);
        let consumed = mem::replace(&mut self.buffer, rest);
        // An idle connection must cost little.
        if self.buffer.is_empty() {
            self.buffer.shrink_to(SIP_STREAM_BYTES_KEPT);
        }
        consumed
    }
}

enum Step {
    Wait,
    Skip(usize),
    Ping,
    Message(usize),
    Broken(Cause, Option<usize>),
}

/// What a datagram is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// A message.
    Message(Message<'a>),
    /// Blanks or zeros that keep a NAT open, or STUN (RFC 5626): dropped.
    KeepAlive,
    /// Neither: dropped and counted.
    Noise,
}

impl<'a> Datagram<'a> {
    /// Looks at a datagram. One that fills the receiver's buffer of [`SIP_DATAGRAM_BYTES_MAX`] was cut, and is noise.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let is_stun = bytes.len() >= 20 && bytes[0] < 4 && bytes[4..8] == [0x21, 0x12, 0xA4, 0x42];
        if is_stun || bytes.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n' | b' ')) {
            return Self::KeepAlive;
        }
        if bytes.len() >= SIP_DATAGRAM_BYTES_MAX {
            return Self::Noise;
        }
        Message::parse(bytes).map_or(Self::Noise, Self::Message)
    }
}

impl Frame {
    /// Whether it is a request of that method, looked at without the rest.
    pub fn is_request(&self, wanted: &str) -> bool {
        let Self::Message(bytes) = self else { return false };
        matches!(Message::parse(bytes).map(|message| message.start), Ok(Start::Request { method, .. }) if method == wanted)
    }
}
