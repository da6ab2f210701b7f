//! A pickle machine for weight files: the opcodes that Python's protocols 2 to 4 use for them, and no other.

use super::pickle::{Bytes, Global, Id, Value, View};
use std::collections::HashMap;

/// Most values one program may make; a network of ten thousand tensors makes about half a million.
const VALUE_LIMIT: usize = 4_000_000;
/// Most axes of a tensor.
const RANK_LIMIT: usize = 8;

/// All that a program made, and where its result lies.
pub(super) struct Program {
    values: Vec<Value>,
    pub root: Id,
}

impl Program {
    pub(super) fn get(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// Every value, in the order of making.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    pub(super) fn root(&self) -> &Value {
        self.get(self.root)
    }
}

/// Runs one program from the cursor up to its STOP.
pub(super) fn run(bytes: &mut Bytes) -> Result<Program, String> {
    let mut machine = Machine { values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
    loop {
        let at = bytes.pos();
        if machine.step(bytes).map_err(|reason| format!("{reason} (pickle, byte {at})"))? {
            let root = machine.pop()?;
            return Ok(Program { values: machine.values, root });
        }
    }
}

struct Machine {
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack at each open MARK.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

impl Machine {
    /// Runs one opcode; true at STOP.
    fn step(&mut self, b: &mut Bytes) -> Result<bool, String> {
        match b.u8()? {
            0x80 => match b.u8()? {
                2..=4 => {}
                other => return Err(format!("pickle protocol {other}; 2 to 4 can be read")),
            },
            0x95 => drop(b.take(8)?), // FRAME: only a hint for buffering
            b'(' => self.marks.push(self.stack.len()),
            b'.' => return Ok(true),
            b'0' => drop(self.pop()?),
            b'N' => self.push(Value::None)?,
            0x88 | 0x89 => self.push(Value::Bool)?,
            b'K' => {
                let n = b.u8()?;
                self.push(Value::Int(n.into()))?;
            }
            b'M' => {
                let n = u16::from_le_bytes(b.array()?);
                self.push(Value::Int(n.into()))?;
            }
            b'J' => {
                let n = i32::from_le_bytes(b.array()?);
                self.push(Value::Int(n.into()))?;
            }
            0x8a => {
                let n = long(b)?;
                self.push(Value::Int(n))?;
            }
            b'G' => {
                b.take(8)?;
                self.push(Value::Float)?;
            }
            b'X' => {
                let n = b.u32()?;
                let text = b.text(n)?;
                self.push(Value::Text(text))?;
            }
            0x8c => {
                let n = b.u8()?;
                let text = b.text(n.into())?;
                self.push(Value::Text(text))?;
            }
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            b't' => {
                let items = self.above_mark()?;
                self.push(Value::Tuple(items))?;
            }
            op @ 0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0x84..op {
                    items.insert(0, self.pop()?);
                }
                self.push(Value::Tuple(items))?;
            }
            b'q' => {
                let slot = b.u8()?;
                self.memoize(slot.into())?;
            }
            b'r' => {
                let slot = b.u32()?;
                self.memoize(slot)?;
            }
            0x94 => self.memoize(self.memo.len())?,
            b'h' => {
                let slot = b.u8()?;
                self.recall(slot.into())?;
            }
            b'j' => {
                let slot = b.u32()?;
                self.recall(slot)?;
            }
            b'c' => {
                let global = Global::named(b.line()?, b.line()?)?;
                self.push(Value::Global(global))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let global = Global::named(self.text(module)?, self.text(name)?)?;
                self.push(Value::Global(global))?;
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id)?;
                self.push(storage)?;
            }
            b'R' => {
                let (args, call) = (self.pop()?, self.pop()?);
                let made = self.call(call, args)?;
                self.push(made)?;
            }
            // BUILD sets attributes (`_metadata` of a state dictionary): none of them is a weight.
            b'b' => drop(self.pop()?),
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])?;
            }
            b'e' => {
                let items = self.above_mark()?;
                self.extend(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.above_mark()?;
                self.set(&items)?;
            }
            op => return Err(format!("uses opcode {op:#04x}, which no weight file needs; refused")),
        }
        Ok(false)
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        if self.values.len() >= VALUE_LIMIT || self.stack.len() >= VALUE_LIMIT {
            return Err(format!("makes more than {VALUE_LIMIT} values"));
        }
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("takes a value from an empty stack".into());
        }
        self.stack.pop().ok_or_else(|| "takes a value from an empty stack".into())
    }

    fn top(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(|| "looks at an empty stack".into())
    }

    fn above_mark(&mut self) -> Result<Vec<Id>, String> {
        let height = self.marks.pop().ok_or("closes a mark that was not set")?;
        Ok(self.stack.split_off(height))
    }

    fn memoize(&mut self, slot: usize) -> Result<(), String> {
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot: usize) -> Result<(), String> {
        let id = *self.memo.get(&slot).ok_or_else(|| format!("recalls slot {slot}, which is empty"))?;
        if self.stack.len() >= VALUE_LIMIT {
            return Err(format!("stacks more than {VALUE_LIMIT} values"));
        }
        self.stack.push(id);
        Ok(())
    }

    fn extend(&mut self, items: &[Id]) -> Result<(), String> {
        let list = self.top()?;
        match &mut self.values[list] {
            Value::List(held) => held.extend_from_slice(items),
            other => return Err(format!("appends to {}", other.kind())),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let dict = self.top()?;
        match &mut self.values[dict] {
            Value::Dict(held) if items.len().is_multiple_of(2) => held.extend(items.chunks(2).map(|p| (p[0], p[1]))),
            Value::Dict(_) => return Err("gives a key without a value".into()),
            other => return Err(format!("sets a key of {}", other.kind())),
        }
        Ok(())
    }

    fn text(&self, id: Id) -> Result<&str, String> {
        match &self.values[id] {
            Value::Text(text) => Ok(text),
            other => Err(format!("gives {} for a string", other.kind())),
        }
    }

    fn count(&self, id: Id) -> Result<usize, String> {
        match self.values[id] {
            Value::Int(n) => usize::try_from(n).map_err(|_| format!("gives {n} for a size")),
            ref other => Err(format!("gives {} for a size", other.kind())),
        }
    }

    fn items(&self, id: Id) -> Result<&[Id], String> {
        match &self.values[id] {
            Value::Tuple(items) | Value::List(items) => Ok(items),
            other => Err(format!("gives {} for a tuple", other.kind())),
        }
    }

    fn counts(&self, id: Id) -> Result<Vec<usize>, String> {
        let items = self.items(id)?;
        if items.len() > RANK_LIMIT {
            return Err(format!("describes a tensor of {} axes; at most {RANK_LIMIT} are read", items.len()));
        }
        items.iter().map(|&item| self.count(item)).collect()
    }

    /// The persistent id of a storage: `("storage", type, key, device, length[, view])`.
    fn storage(&self, id: Id) -> Result<Value, String> {
        let items = self.items(id)?;
        let [tag, class, key, _device, len, rest @ ..] = items else {
            return Err(format!("describes a storage by {} fields", items.len()));
        };
        if self.text(*tag)? != "storage" {
            return Err(format!("describes a {} from outside the file", self.text(*tag)?));
        }
        if rest.iter().any(|&view| self.values[view] != Value::None) {
            return Err("describes a view of a storage, as only files from before PyTorch 0.4 do".into());
        }
        let Value::Global(Global::Storage(kind)) = self.values[*class] else {
            return Err(format!("gives {} for a storage type", self.values[*class].kind()));
        };
        Ok(Value::Storage { kind, key: self.text(*key)?.to_owned(), len: self.count(*len)? })
    }

    fn call(&self, call: Id, args: Id) -> Result<Value, String> {
        let args = self.items(args)?;
        match (&self.values[call], args) {
            (Value::Global(Global::OrderedDict), []) => Ok(Value::Dict(Vec::new())),
            (Value::Global(Global::OrderedDict), [pairs]) => {
                let pairs = self.items(*pairs)?.iter().map(|&pair| match self.items(pair)? {
                    [key, value] => Ok((*key, *value)),
                    other => Err(format!("makes a dictionary from {} things for a pair", other.len())),
                });
                pairs.collect::<Result<_, String>>().map(Value::Dict)
            }
            (Value::Global(Global::RebuildTensor), [storage, offset, shape, stride, ..]) => {
                let (shape, stride) = (self.counts(*shape)?, self.counts(*stride)?);
                if !matches!(self.values[*storage], Value::Storage { .. }) || shape.len() != stride.len() {
                    return Err(format!("makes a tensor of {shape:?} with strides {stride:?}"));
                }
                Ok(Value::Tensor(View { storage: *storage, offset: self.count(*offset)?, shape, stride }))
            }
            (Value::Global(Global::RebuildParameter), [tensor, ..]) => Ok(self.values[*tensor].clone()),
            (other, args) => Err(format!("calls {} with {} arguments", other.kind(), args.len())),
        }
    }
}

/// LONG1: a little-endian two's-complement integer of up to sixteen bytes, held within 64 bits.
fn long(b: &mut Bytes) -> Result<i64, String> {
    let count = usize::from(b.u8()?);
    let bytes = b.take(count)?;
    let negative = bytes.last().is_some_and(|&last| last & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    if count > wide.len() {
        return Err(format!("holds an integer of {count} bytes"));
    }
    wide[..count].copy_from_slice(bytes);
    // What takes more is no size of anything: a seed, or the like.
    Ok(i64::try_from(i128::from_le_bytes(wide)).unwrap_or(if negative { i64::MIN } else { i64::MAX }))
}
