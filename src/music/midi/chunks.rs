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
    let (mut at, mut declared, mut tracks) = (start, None, 0u16);
    while at < bytes.len() {
        // What comes after the last track, if it is no track, is none of our business: padding, a tag, a RIFF chunk.
        let complete = declared.is_some_and(|declared| tracks >= declared);
        if complete && bytes.get(at..at + 4) != Some(b"MTrk") {
            break;
        }
        let Some(head) = bytes.get(at..at + 8) else {
            return Err(MidiError::Truncated { chunk: "chunk", at, expected: 8, found: bytes.len() - at });
        };
        let chunk = match &head[..4] {
            b"MThd" => "header",
            b"MTrk" => "track",
            _ => "chunk",
        };
        let expected = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = &bytes[at + 8..];
        if body.len() < expected {
            return Err(MidiError::Truncated { chunk, at, expected, found: body.len() });
        }
        if chunk == "header" && declared.is_none() {
            declared = Some(check_header(&body[..expected])?);
        }
        tracks = tracks.saturating_add(u16::from(chunk == "track"));
        at = at.saturating_add(8).saturating_add(expected);
    }
    match declared {
        Some(declared) if declared > 0 && tracks == 0 => {
            Err(MidiError::Truncated { chunk: "first track", at, expected: 8, found: 0 })
        }
        Some(declared) => Ok(declared),
        None => Err(MidiError::NotMidi),
    }
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
