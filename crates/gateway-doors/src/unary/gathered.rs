//! What has come of questions that are not whole yet, and how much of it there may be.

use std::sync::atomic::{AtomicUsize, Ordering};

use prost::bytes::{Bytes, BytesMut};
use tonic::Status;

use super::no_room;

/// Memory for parts of questions. Whoever begins many and ends none would else fill all there is.
pub(super) struct Room {
    bytes_max: usize,
    taken: AtomicUsize,
}

impl Room {
    pub(super) const fn of(bytes_max: usize) -> Self {
        Self { bytes_max, taken: AtomicUsize::new(0) }
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.bytes_max);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What has come so far: nearly always all at once, which is not copied and takes no room.
pub(super) struct Gathered<'a> {
    room: &'a Room,
    taken: usize,
    first: Bytes,
    all: BytesMut,
}

impl<'a> Gathered<'a> {
    pub(super) fn within(room: &'a Room) -> Self {
        Self { room, taken: 0, first: Bytes::new(), all: BytesMut::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    /// The next part, which may be the last.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(super) fn push(&mut self, data: Bytes, last: bool) -> Result<(), Status> {
        let is_whole = last && self.len() == 0;
        if !is_whole {
            if !self.room.take(data.len()) {
                return Err(no_room());
            }
            self.taken += data.len();
        }
        if self.len() == 0 {
            self.first = data;
        } else {
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&data);
        }
        Ok(())
    }

    pub(super) fn all(mut self) -> Bytes {
        let (first, all) = (std::mem::take(&mut self.first), std::mem::take(&mut self.all));
        if all.is_empty() { first } else { all.freeze() }
    }
}

impl Drop for Gathered<'_> {
    fn drop(&mut self) {
        self.room.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn push(gathered: &mut Gathered<'_>, bytes: &'static [u8]) -> Result<(), Code> {
        gathered.push(Bytes::from_static(bytes), false).map_err(|status| status.code())
    }

    #[test]
    fn what_is_whole_at_once_takes_no_room_and_what_is_given_up_gives_it_back() {
        let room = Room::of(6);
        let mut at_once = Gathered::within(&room);
        at_once.push(Bytes::from_static(b"more than there is room for"), true).unwrap();
        let (mut first, mut second) = (Gathered::within(&room), Gathered::within(&room));
        push(&mut first, b"ab").unwrap();
        push(&mut first, b"cd").unwrap();
        push(&mut second, b"a").unwrap();
        assert_eq!(push(&mut second, b"bc"), Err(Code::ResourceExhausted));
        drop(first);
        push(&mut second, b"bc").unwrap();
        push(&mut second, b"def").unwrap();
        assert_eq!(second.all(), "abcdef");
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
    }
}
