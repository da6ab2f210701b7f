//! MIDI as it comes over a wire: bytes, cut anywhere.

/// A whole message of one to three bytes. System exclusive messages are none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    bytes: [u8; 3],
    length: u8,
}

impl Message {
    /// Its bytes; the first has its high bit set, the others have not.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Puts messages together from bytes (MIDI 1.0 Detailed Specification, "Running Status" and "System Exclusive"): running
/// status, real-time messages in the middle of others, system exclusive ones that never end. What makes no message is
/// passed over.
#[derive(Debug, Clone, Default)]
pub struct MessageReader {
    /// The status that data bytes belong to; 0 where they belong to none.
    status: u8,
    data: [u8; 2],
    have: usize,
}

/// Data bytes after a status byte; `None` where it opens no short message.
fn data_bytes(status: u8) -> Option<usize> {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => Some(2),
        0xC0..=0xDF | 0xF1 | 0xF3 => Some(1),
        0xF6 => Some(0),
        _ => None,
    }
}

impl MessageReader {
    /// Takes in bytes and gives each message that they complete.
    pub fn read(&mut self, bytes: &[u8], mut each: impl FnMut(Message)) {
        for &byte in bytes {
            match byte {
                // Real-time messages stand between the bytes of others.
                0xF8 | 0xFA..=0xFC | 0xFE | 0xFF => each(Message { bytes: [byte, 0, 0], length: 1 }),
                0xF9 | 0xFD => {}
                0x80.. => {
                    (self.status, self.have) = (if data_bytes(byte).is_some() { byte } else { 0 }, 0);
                    self.complete(&mut each);
                }
                _ if self.status == 0 => {}
                _ => {
                    self.data[self.have] = byte;
                    self.have += 1;
                    self.complete(&mut each);
                }
            }
        }
    }

    fn complete(&mut self, each: &mut impl FnMut(Message)) {
        if data_bytes(self.status) != Some(self.have) {
            return;
        }
        let mut bytes = [self.status, 0, 0];
        bytes[1..=self.have].copy_from_slice(&self.data[..self.have]);
        each(Message { bytes, length: 1 + self.have as u8 });
        self.have = 0;
        // Only channel messages run on.
        if self.status >= 0xF0 {
            self.status = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn messages(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        MessageReader::default().read(bytes, |message| all.push(message.bytes().to_vec()));
        all
    }

    #[test]
    fn running_status_clocks_in_between_and_broken_exclusives_are_read() {
        let bytes = [
            0x40, // data of nothing
            0x90, 60, 0xF8, 100, 62, 0xFA, 0, // running status, with real-time messages inside
            0xF0, 0x7E, 1, 2, 0xF8, 3, // exclusive that never ends …
            0x80, 60, 64, // … is ended by a status
            0xF2, 3, 4, 5, 6, // no running status after a system message
            0xC1, 7, 8, 0xF4, 9, 0xF6, 0xE0, 1,
        ];
        let expected: [&[u8]; 11] = [
            &[0xF8],
            &[0x90, 60, 100],
            &[0xFA],
            &[0x90, 62, 0],
            &[0xF8],
            &[0x80, 60, 64],
            &[0xF2, 3, 4],
            &[0xC1, 7],
            &[0xC1, 8],
            &[0xF6],
            &[],
        ];
        assert_eq!(messages(&bytes), &expected[..10]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_sound_messages_however_they_are_cut(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1_usize..9) {
            let whole = messages(&bytes);
            for message in &whole {
                prop_assert!((1..=3).contains(&message.len()) && message[0] >= 0x80);
                prop_assert!(message[1..].iter().all(|b| *b < 0x80), "{:?}", message);
            }
            let (mut reader, mut pieces) = (MessageReader::default(), Vec::new());
            for piece in bytes.chunks(cut) {
                reader.read(piece, |message| pieces.push(message.bytes().to_vec()));
            }
            prop_assert_eq!(pieces, whole);
        }
    }
}
