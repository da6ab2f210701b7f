//! Messages as bytes: little endian, each field in its order, nothing between them.

/// Why bytes are no message of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They end too early.
    #[error("the message ends after {length} bytes")]
    Short {
        /// How many there are.
        length: usize,
    },
    /// They begin differently.
    #[error("it is no message of this version")]
    Foreign,
    /// A value cannot be.
    #[error("{what} cannot be {value}")]
    Value {
        /// Which.
        what: &'static str,
        /// What it is.
        value: i64,
    },
    /// A number is not finite, or too large.
    #[error("{what} is no number that can be")]
    Number {
        /// Which.
        what: &'static str,
    },
}

/// What every message begins with, with the version and its kind after it.
const MAGIC: [u8; 4] = *b"Onei";

/// Writes fields.
pub(super) struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    /// Begins a message of a kind.
    pub fn begin(&mut self, kind: u16) {
        self.0.clear();
        self.0.extend(MAGIC);
        self.put(super::VERSION.to_le_bytes());
        self.put(kind.to_le_bytes());
    }

    pub fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend(bytes);
    }
}

/// Reads fields.
pub(super) struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins to read a message of a kind.
    pub fn begin(all: &'a [u8], kind: u16) -> Result<Self, Malformed> {
        let mut reader = Self { all, rest: all };
        let (magic, version, found) = (reader.take()?, reader.u16()?, reader.u16()?);
        if magic == MAGIC && version == super::VERSION && found == kind { Ok(reader) } else { Err(Malformed::Foreign) }
    }

    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Short { length: self.all.len() })?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub fn slice(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Short { length: self.all.len() })?;
        self.rest = rest;
        Ok(bytes)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.take().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.take().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.take().map(u64::from_le_bytes)
    }

    /// A number that is finite and at most `most` away from 0.
    pub fn number(&mut self, what: &'static str, most: f64) -> Result<f64, Malformed> {
        let number = self.take().map(f64::from_le_bytes)?;
        // A NaN lies in no range.
        if (-most..=most).contains(&number) { Ok(number) } else { Err(Malformed::Number { what }) }
    }
}
