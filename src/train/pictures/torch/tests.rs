use super::*;
use crate::train::tensor::{Tensor, Tensors};
use std::io::Write;

/// A state dictionary `{"w": tensor}` as PyTorch's pickle: 2×3 floats in storage "0".
fn program(length: u8, rows: u8) -> Vec<u8> {
    let mut p = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK".to_vec();
    p.push(length);
    p.extend_from_slice(b"tQK\x00K");
    p.push(rows);
    p.extend_from_slice(b"K\x03\x86K\x03K\x01\x86\x89h\x00)RtRu}b.");
    p
}

fn storage() -> Vec<u8> {
    (0..6).flat_map(|n| (n as f32 * 0.5).to_le_bytes()).collect()
}

fn legacy(program: &[u8]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend_from_slice(program);
    file.extend_from_slice(b"\x80\x02](X\x01\x00\x00\x000e.");
    file.extend_from_slice(&6i64.to_le_bytes());
    file.extend_from_slice(&storage());
    file
}

fn archive(program: &[u8]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let mut zip = zip::ZipWriter::new(&mut out);
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("net/data.pkl", program), ("net/byteorder", b"little"), ("net/data/0", &storage())] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    out.into_inner()
}

fn read(bytes: &[u8]) -> Result<Tensors, Error> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read_state_dict(file.path())
}

#[test]
fn both_forms_give_the_same_tensors() {
    let expected = Tensor { shape: vec![2, 3], data: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5] };
    for bytes in [legacy(&program(6, 2)), archive(&program(6, 2))] {
        let tensors = read(&bytes).unwrap();
        assert_eq!(tensors.len(), 1);
        assert_eq!(tensors["w"], expected);
    }
}

#[test]
fn a_length_of_more_than_64_bits_is_not_cut_to_a_smaller_one() {
    let mut long = program(6, 2);
    let at = long.windows(5).position(|w| w == b"cpuK\x06").unwrap() + 3;
    // LONG1 of nine bytes: 2⁶⁴ + 6.
    long.splice(at..at + 2, [0x8a, 9, 6, 0, 0, 0, 0, 0, 0, 0, 1]);
    read(&archive(&long)).unwrap_err();
}

#[test]
fn a_function_outside_the_list_is_refused_by_name() {
    let program = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";
    for bytes in [legacy(program), archive(program)] {
        assert!(read(&bytes).unwrap_err().to_string().contains("posix.system"));
    }
}

#[test]
fn shapes_that_do_not_fit_their_storage_are_refused() {
    for (length, rows) in [(6, 3), (7, 2), (5, 2)] {
        for bytes in [legacy(&program(length, rows)), archive(&program(length, rows))] {
            assert!(matches!(read(&bytes), Err(Error::Format { .. })), "{length} values, {rows} rows");
        }
    }
}

#[test]
fn every_truncation_is_an_error_and_never_a_panic() {
    for whole in [legacy(&program(6, 2)), archive(&program(6, 2))] {
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}

#[test]
fn every_changed_byte_is_survived() {
    let whole = legacy(&program(6, 2));
    for at in 0..whole.len() {
        for value in [0, 1, b'.', b'(', b'R', b'u', 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _outcome = container::parse(&bytes);
        }
    }
}
