use super::MidiError;

/// Walks over the chunks and returns the number of tracks that the header declares. The parser below is lenient about
/// a file that ends too early; a performer should hear of it.
pub(super) fn check_chunks(bytes: &[u8]) -> Result<u16, MidiError> {
    if bytes.is_empty() {
        return Err(MidiError::Empty);
    }
    let start = match bytes.get(..4) {
        Some(b"MThd") => 0,
        Some(b"RIFF") if bytes.get(8..16) == Some(b"RMIDdata") && bytes.get(20..24) == Some(b"MThd") => 20,
        _ => return Err(MidiError::NotMidi),
    };
    let (mut at, mut declared) = (start, None);
    while at < bytes.len() {
        let Some(head) = bytes.get(at..at + 8) else {
            // Fewer than eight bytes after the last chunk: padding, which some writers leave.
            if declared.is_some() && bytes[at..].iter().all(|&b| b == 0) {
                break;
            }
            return Err(MidiError::Truncated { chunk: "chunk", at, expected: 8, found: bytes.len() - at });
        };
        let chunk = match &head[..4] {
            b"MThd" => "header",
            b"MTrk" => "track",
            _ => "chunk",
        };
        let expected = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = &bytes[at + 8..];
        // A RIFF wrapper pads with zeros and may go on with chunks of its own, which count the other way round.
        let foreign_tail = start > 0 && chunk == "chunk";
        if body.len() < expected && !foreign_tail {
            return Err(MidiError::Truncated { chunk, at, expected, found: body.len() });
        }
        if chunk == "header" && declared.is_none() {
            declared = Some(check_header(&body[..expected])?);
        }
        at = at.saturating_add(8).saturating_add(expected);
    }
    declared.ok_or(MidiError::NotMidi)
}

fn check_header(body: &[u8]) -> Result<u16, MidiError> {
    let &[f0, f1, t0, t1, d0, d1, ..] = body else {
        return Err(MidiError::Header("it is shorter than six bytes"));
    };
    let format = u16::from_be_bytes([f0, f1]);
    if format > 1 {
        return Err(MidiError::Format(format));
    }
    // Checked here, because the parser negates the first byte, which has no negative when it is -128.
    let frames_a_second = (d0 as i8).unsigned_abs();
    if d0 >= 0x80 && !([24, 25, 29, 30].contains(&frames_a_second) && d1 > 0) {
        return Err(MidiError::Header("its SMPTE time division is none of 24, 25, 29 and 30 frames a second"));
    }
    if (d0, d1) == (0, 0) {
        return Err(MidiError::Header("it has zero ticks a quarter note"));
    }
    Ok(u16::from_be_bytes([t0, t1]))
}
