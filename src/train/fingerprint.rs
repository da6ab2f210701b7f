//! Numbers that stand for data: whether a run goes on with what it began with can be told without keeping it.

use sha2::{Digest, Sha256};

/// A number below 2⁴⁸, so that a model's settings can hold it, from bytes that come piece by piece (SHA-256, cut).
#[derive(Debug, Clone, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Takes in a piece. Where pieces end is forgotten: what may be of any length needs its length beside it.
    #[must_use]
    pub fn with(mut self, piece: impl AsRef<[u8]>) -> Self {
        self.0.update(piece);
        self
    }

    /// Takes in a list of numbers, and how many there are.
    #[must_use]
    pub fn with_list<T: Into<u64>>(self, list: impl ExactSizeIterator<Item = T>) -> Self {
        let count = self.with((list.len() as u64).to_le_bytes());
        list.fold(count, |all, number| all.with(number.into().to_le_bytes()))
    }

    /// The number: another one for other bytes.
    pub fn number(self) -> u64 {
        self.0.finalize()[..6].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_first_48_bits_of_the_known_hash_and_lists_know_their_ends() {
        // SHA-256 of "abc", FIPS 180-2, appendix B.1.
        assert_eq!(Fingerprint::default().with("a").with("bc").number(), 0xba78_16bf_8f01);
        let of = |lists: &[&[u8]]| {
            let all = lists.iter().fold(Fingerprint::default(), |all, list| all.with_list(list.iter().copied()));
            all.number()
        };
        assert_ne!(of(&[&[1, 2], &[3]]), of(&[&[1], &[2, 3]]));
    }
}
