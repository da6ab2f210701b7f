//! The two ways in which a program and its storages share a file.

use super::machine::{self, Program};
use super::pickle::{Bytes, Value};
use super::tensor::{self, Kind};
use crate::train::tensor::Tensors;
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};

/// How the files from before PyTorch 1.6 begin: a pickle of the number 0x1950a86a20f9469cfc6c.
const LEGACY_MAGIC: &[u8] = &[0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];
/// Largest program.
const PROGRAM_LIMIT_BYTES: u64 = 64 << 20;
/// Most values in all tensors together: what shared or repeated storages may grow to.
const TOTAL_LIMIT: usize = 1 << 29;
/// How deep dictionaries may stand in dictionaries.
const DEPTH_LIMIT: usize = 6;

/// Brings the storage of a key, so many bytes long.
type Load<'a> = dyn FnMut(&str, usize) -> Result<Vec<u8>, String> + 'a;

/// Reads either form.
pub(super) fn parse(file: &[u8]) -> Result<Tensors, String> {
    if file.starts_with(b"PK\x03\x04") {
        archive(file)
    } else if file.starts_with(LEGACY_MAGIC) {
        legacy(file)
    } else {
        Err("not a PyTorch weight file: neither a zip archive nor the older form".into())
    }
}

/// Four programs (magic, version, facts about the machine, the object), the list of keys, then per key a count (`i64`)
/// and the values.
fn legacy(file: &[u8]) -> Result<Tensors, String> {
    let mut bytes = Bytes::new(file);
    bytes.take(LEGACY_MAGIC.len())?;
    match machine::run(&mut bytes)?.root() {
        Value::Int(1001) => {}
        other => return Err(format!("version {other:?} of the older form; 1001 can be read")),
    }
    machine::run(&mut bytes)?;
    let program = machine::run(&mut bytes)?;
    let keys = machine::run(&mut bytes)?;
    let Value::List(ids) = keys.root() else { return Err(format!("{} for the list of storages", keys.root().kind())) };

    let widths = storage_kinds(&program)?;
    let mut storages = HashMap::new();
    for &id in ids {
        let Value::Text(key) = keys.get(id) else { return Err("a storage key that is not a string".into()) };
        let &(kind, len) = widths.get(key.as_str()).ok_or_else(|| format!("storage {key} that no tensor uses"))?;
        let count = i64::from_le_bytes(bytes.array()?);
        if usize::try_from(count) != Ok(len) {
            return Err(format!("storage {key} holds {count} values, its tensor says {len}"));
        }
        let size = len.checked_mul(kind.width()).ok_or("a storage without end")?;
        storages.insert(key.clone(), bytes.take(size)?);
    }
    collect(&program, &mut |key, _| {
        storages.get(key).map(|raw| raw.to_vec()).ok_or_else(|| format!("storage {key} is missing"))
    })
}

/// A zip archive `NAME/data.pkl`, `NAME/data/KEY`, perhaps `NAME/byteorder`.
fn archive(file: &[u8]) -> Result<Tensors, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(file)).map_err(|e| format!("broken archive: {e}"))?;
    let program_name = zip.file_names().find(|name| name.ends_with("/data.pkl")).map(str::to_owned);
    let program_name =
        program_name.ok_or("an archive without data.pkl: not a weight file (or a TorchScript program)")?;
    let folder = program_name.trim_end_matches("data.pkl").to_owned();
    if let Ok(order) = entry(&mut zip, &format!("{folder}byteorder"), 16)
        && order != b"little"
    {
        return Err("big-endian storages cannot be read".into());
    }
    let program = entry(&mut zip, &program_name, PROGRAM_LIMIT_BYTES)?;
    let program = machine::run(&mut Bytes::new(&program))?;
    collect(&program, &mut |key, size| entry(&mut zip, &format!("{folder}data/{key}"), size as u64))
}

/// One entry of at most `limit` bytes, whatever its header says.
fn entry(zip: &mut zip::ZipArchive<Cursor<&[u8]>>, name: &str, limit: u64) -> Result<Vec<u8>, String> {
    let entry = zip.by_name(name).map_err(|e| format!("entry {name}: {e}"))?;
    let mut out = Vec::new();
    entry.take(limit + 1).read_to_end(&mut out).map_err(|e| format!("entry {name}: {e}"))?;
    if out.len() as u64 > limit {
        return Err(format!("entry {name} is longer than {limit} bytes"));
    }
    Ok(out)
}

/// Kind and length of every storage that the program's tensors use.
fn storage_kinds(program: &Program) -> Result<HashMap<&str, (Kind, usize)>, String> {
    let mut kinds = HashMap::new();
    for value in program.values() {
        if let Value::Storage { kind, key, len } = value
            && kinds.insert(key.as_str(), (*kind, *len)).is_some_and(|old| old != (*kind, *len))
        {
            return Err(format!("storage {key} is described in two ways"));
        }
    }
    Ok(kinds)
}

/// Walks the result and gathers every tensor. `load(key, bytes)` brings a storage.
fn collect(program: &Program, load: &mut Load) -> Result<Tensors, String> {
    let mut root = program.root;
    if let Value::Dict(pairs) = program.root() {
        let inner = pairs.iter().find(|(key, value)| {
            matches!(program.get(*key), Value::Text(t) if t == "state_dict")
                && matches!(program.get(*value), Value::Dict(_))
        });
        root = inner.map_or(root, |&(_, value)| value);
    } else {
        return Err(format!("holds {}, not a dictionary of tensors", program.root().kind()));
    }
    let mut out = BTreeMap::new();
    let mut total = 0;
    let mut open = vec![(String::new(), root, 0)];
    while let Some((prefix, id, depth)) = open.pop() {
        let Value::Dict(pairs) = program.get(id) else { continue };
        for &(key, value) in pairs {
            let Value::Text(key) = program.get(key) else { continue };
            let name = format!("{prefix}{key}");
            match program.get(value) {
                Value::Dict(_) if depth >= DEPTH_LIMIT || open.len() > 10_000 => {
                    return Err(format!("dictionaries deeper than {DEPTH_LIMIT} at {name}"));
                }
                Value::Dict(_) => open.push((format!("{name}."), value, depth + 1)),
                Value::Tensor(view) => {
                    let Value::Storage { kind, key, len } = program.get(view.storage) else { continue };
                    total = view.shape.iter().fold(1usize, |n, &axis| n.saturating_mul(axis)).saturating_add(total);
                    if total > TOTAL_LIMIT || out.len() > 1_000_000 {
                        return Err(format!("more than {TOTAL_LIMIT} values in all"));
                    }
                    let size = len.checked_mul(kind.width()).ok_or("a storage without end")?;
                    let raw = load(key, size)?;
                    if raw.len() != size {
                        return Err(format!("storage {key} has {} bytes for {len} values", raw.len()));
                    }
                    out.insert(name.clone(), tensor::gather(view, *kind, &raw).map_err(|e| format!("{name}: {e}"))?);
                }
                _ => {}
            }
        }
    }
    if out.is_empty() {
        return Err("holds no tensors".into());
    }
    Ok(out)
}
