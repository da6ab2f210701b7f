//! The values of a pickle program and a bounded reader over its bytes.

use super::tensor::Kind;

/// Place of a value in the machine's store: the stack and the memo hold these, so that two references to one
/// dictionary stay one dictionary.
pub(super) type Id = usize;

/// What a global name in the list stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Kind),
}

impl Global {
    /// The whole list of what a file may name.
    pub(super) fn named(module: &str, name: &str) -> Result<Self, String> {
        Ok(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch" | "torch.storage", "DoubleStorage") => Self::Storage(Kind::F64),
            ("torch" | "torch.storage", "FloatStorage") => Self::Storage(Kind::F32),
            ("torch" | "torch.storage", "HalfStorage") => Self::Storage(Kind::F16),
            ("torch" | "torch.storage", "BFloat16Storage") => Self::Storage(Kind::BF16),
            ("torch" | "torch.storage", "LongStorage") => Self::Storage(Kind::I64),
            ("torch" | "torch.storage", "IntStorage") => Self::Storage(Kind::I32),
            ("torch" | "torch.storage", "ShortStorage") => Self::Storage(Kind::I16),
            ("torch" | "torch.storage", "CharStorage") => Self::Storage(Kind::I8),
            ("torch" | "torch.storage", "ByteStorage" | "BoolStorage") => Self::Storage(Kind::U8),
            _ => return Err(format!("asks for {module}.{name}, which no weight file needs; refused")),
        })
    }
}

/// A tensor as the program describes it: a window on a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub storage: Id,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub stride: Vec<usize>,
}

/// A value the program made.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool,
    Int(i64),
    Float,
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage { kind: Kind, key: String, len: usize },
    Tensor(View),
}

impl Value {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool => "a bool",
            Self::Int(_) => "an integer",
            Self::Float => "a float",
            Self::Text(_) => "a string",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Global(_) => "a name",
            Self::Storage { .. } => "a storage",
            Self::Tensor(_) => "a tensor",
        }
    }
}

/// A cursor that never reads past the end.
pub(super) struct Bytes<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0 }
    }

    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.pos.checked_add(count).filter(|&end| end <= self.data.len());
        let end =
            end.ok_or_else(|| format!("ends early: {count} bytes wanted at {} of {}", self.pos, self.data.len()))?;
        let part = &self.data[self.pos..end];
        self.pos = end;
        Ok(part)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn u8(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<usize, String> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    /// Text up to a line feed, which is read and dropped.
    pub(super) fn line(&mut self) -> Result<&'a str, String> {
        let rest = &self.data[self.pos..];
        let end = rest.iter().take(512).position(|&b| b == b'\n').ok_or("holds a name without an end")?;
        self.pos += end + 1;
        text(&rest[..end])
    }

    pub(super) fn text(&mut self, count: usize) -> Result<String, String> {
        text(self.take(count)?).map(str::to_owned)
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|e| format!("holds a string that is not UTF-8: {e}"))
}
