//! Packets as untrusted bytes: what they order, and when.

use super::address::Place;
use crate::control::order::Order;
use rosc::address::{Matcher, OscAddress};
use rosc::{OscMessage, OscPacket, OscTime};
use std::time::{Duration, SystemTime};

/// Greatest packet, in bytes: what others send fits into a few hundred.
pub(super) const LARGEST: usize = 8192;
/// Bundles within bundles.
const DEEPEST: usize = 4;
/// Orders of a packet.
const MOST: usize = 512;
/// Longest pattern of addresses, and most stars in it, so that matching stays quick.
const PATTERN: (usize, usize) = (128, 3);
/// How far ahead a time tag may lie.
const FARTHEST: Duration = Duration::from_secs(600);

/// An order, and how long it is to wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// From the moment that it was read.
    pub wait: Duration,
    /// What is ordered.
    pub order: Order,
}

/// Why a packet is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// It is longer than any that is wanted.
    #[error("{0} bytes are too many")]
    TooLong(usize),
    /// Arrays or bundles lie too deep in it.
    #[error("it is nested too deeply")]
    TooDeep,
    /// It is no OSC.
    #[error("it is no OSC: {0}")]
    Malformed(String),
}

/// What a packet orders, at a moment of the system's clock; what is of no use in it is counted in the second number.
///
/// # Errors
/// [`PacketError`]. Whatever the bytes are, nothing panics, and neither stack nor memory grows with what they claim.
pub fn read(bytes: &[u8], now: SystemTime) -> Result<(Vec<Timed>, usize), PacketError> {
    if bytes.len() > LARGEST {
        return Err(PacketError::TooLong(bytes.len()));
    }
    if depth(bytes) > DEEPEST || has_array(bytes) {
        return Err(PacketError::TooDeep);
    }
    // What it complains of may be bytes of the packet: nothing that would break a line of a log or move a cursor.
    let complaint = |e: rosc::OscError| PacketError::Malformed(e.to_string().replace(char::is_control, "\u{fffd}"));
    let (_, packet) = rosc::decoder::decode_udp(bytes).map_err(complaint)?;
    let (mut orders, mut useless) = (Vec::new(), 0);
    gather(&packet, Duration::ZERO, now, &mut orders, &mut useless);
    Ok((orders, useless))
}

/// How many bundles lie in each other: the decoder goes as deep as they do.
fn depth(bytes: &[u8]) -> usize {
    let mut deepest = 0;
    let mut waiting = vec![(bytes, 1)];
    while let Some((bytes, level)) = waiting.pop() {
        let Some(mut rest) = bytes.strip_prefix(b"#bundle\0").and_then(|rest| rest.get(8..)) else { continue };
        deepest = deepest.max(level);
        if level > DEEPEST {
            return level;
        }
        while let Some((size, after)) = rest.split_first_chunk::<4>() {
            let size = u32::from_be_bytes(*size) as usize;
            let Some((element, after)) = after.split_at_checked(size) else { break };
            waiting.push((element, level + 1));
            rest = after;
        }
    }
    deepest
}

/// Whether something looks like type tags with an array: nothing here takes one, and nested ones are as deep as they are long.
fn has_array(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == 0).any(|text| text.first() == Some(&b',') && text.contains(&b'['))
}

fn gather(packet: &OscPacket, wait: Duration, now: SystemTime, orders: &mut Vec<Timed>, useless: &mut usize) {
    match packet {
        OscPacket::Message(message) => {
            let before = orders.len();
            for order in ordered(message) {
                if orders.len() < MOST {
                    orders.push(Timed { wait, order });
                }
            }
            *useless += usize::from(orders.len() == before);
        }
        OscPacket::Bundle(bundle) => {
            // What lies within a bundle does not come before it.
            let wait = until(bundle.timetag, now).max(wait);
            for element in &bundle.content {
                gather(element, wait, now, orders, useless);
            }
        }
    }
}

/// How long it is until a time tag; those of the past, and `(0, 1)`, are now.
fn until(tag: OscTime, now: SystemTime) -> Duration {
    if (tag.seconds, tag.fractional) == (0, 1) {
        return Duration::ZERO;
    }
    // Seconds from 1900 to 1970 (RFC 5905).
    let from_1970 = (u64::from(tag.seconds)).saturating_sub(2_208_988_800);
    let at = Duration::new(from_1970, ((u64::from(tag.fractional) * 1_000_000_000) >> 32) as u32);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    at.saturating_sub(now).min(FARTHEST)
}

fn ordered(message: &OscMessage) -> Vec<Order> {
    let OscMessage { addr, args } = message;
    if let Some(place) = Place::at(addr) {
        return place.order(args).into_iter().collect();
    }
    let is_pattern = addr.contains(['*', '?', '[', '{']);
    let stars = addr.matches('*').count();
    if !is_pattern || addr.len() > PATTERN.0 || stars > PATTERN.1 {
        return Vec::new();
    }
    let Ok(matcher) = Matcher::new(addr) else { return Vec::new() };
    let fits = |place: &Place| OscAddress::new(place.address()).is_ok_and(|address| matcher.match_address(&address));
    Place::all().filter(fits).filter_map(|place| place.order(args)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::controls::{CONTROLS, Control};
    use proptest::prelude::*;
    use rosc::{OscArray, OscBundle, OscType, encoder};

    fn message(addr: &str, args: Vec<OscType>) -> OscPacket {
        OscPacket::Message(OscMessage { addr: addr.into(), args })
    }

    fn bundle(timetag: OscTime, content: Vec<OscPacket>) -> OscPacket {
        OscPacket::Bundle(OscBundle { timetag, content })
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn orders(packet: &OscPacket) -> Vec<Timed> {
        read(&encoder::encode(packet).unwrap(), now()).unwrap().0
    }

    #[test]
    fn a_complaint_is_one_line_whatever_the_packet_holds() {
        let told = read(b"/a\0\0,\n\0\0", now()).unwrap_err().to_string();
        assert!(told.contains("Type tag") && !told.contains(char::is_control), "{told:?}");
    }

    #[test]
    fn time_tags_say_when_and_patterns_say_whom() {
        let zoom = || message("/oneiro/zoom", vec![OscType::Float(2.0)]);
        let later = OscTime::try_from(now() + Duration::from_millis(1500)).unwrap();
        let packet = bundle(OscTime::from((0, 1)), vec![zoom(), bundle(later, vec![zoom()])]);
        let waits: Vec<u128> = orders(&packet).iter().map(|timed| timed.wait.as_millis()).collect();
        assert!(waits[0] == 0 && (1499..=1500).contains(&waits[1]), "{waits:?}");
        let far = OscTime::from((u32::MAX, 0));
        assert_eq!(orders(&bundle(far, vec![zoom()]))[0].wait, FARTHEST);
        assert_eq!(orders(&bundle(OscTime::from((7, 7)), vec![zoom()]))[0].wait, Duration::ZERO);
        let found = orders(&message("/oneiro/{zoom,hue}", vec![OscType::Float(0.3)]));
        assert_eq!(found.len(), 2, "{found:?}");
        let all = orders(&message("/oneiro/*", vec![OscType::Float(0.0)]));
        assert!(all.len() >= CONTROLS.len(), "{}", all.len());
        assert!(orders(&message("/oneiro/*/*/*/*", vec![OscType::Float(0.0)])).is_empty());
        assert!(matches!(found[0].order, Order::Set(Control::Zoom | Control::Hue, _)));
    }

    #[test]
    fn what_is_nested_without_end_is_refused_before_it_is_read() {
        let mut deep = message("/oneiro/zoom", vec![OscType::Float(2.0)]);
        for _ in 0..6 {
            deep = bundle(OscTime::from((0, 1)), vec![deep]);
        }
        assert_eq!(read(&encoder::encode(&deep).unwrap(), now()), Err(PacketError::TooDeep));
        let array = OscType::Array(OscArray { content: vec![OscType::Int(1)] });
        let packet = encoder::encode(&message("/oneiro/zoom", vec![array])).unwrap();
        assert_eq!(read(&packet, now()), Err(PacketError::TooDeep));
        let mut arrays = b"/a\0\0,".to_vec();
        arrays.extend([b'['; 4000]);
        arrays.extend([b']'; 4000]);
        arrays.extend([0; 4]);
        assert_eq!(read(&arrays, now()), Err(PacketError::TooDeep));
        assert!(matches!(read(&vec![0; 70_000], now()), Err(PacketError::TooLong(70_000))));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            // A failure prints the bytes and the seed.
            drop(read(&bytes, now()));
        }

        #[test]
        fn packets_with_bytes_changed_cut_or_doubled_are_read_or_refused(
            value in any::<f32>(),
            tag in any::<(u32, u32)>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
            cut in any::<prop::sample::Index>(),
            twice in any::<bool>(),
        ) {
            let inner = bundle(tag.into(), vec![message("/oneiro/{zoom,walk}", vec![OscType::Float(value), OscType::Blob(vec![1, 2, 3])])]);
            let packet = bundle(OscTime::from((0, 1)), vec![message("/oneiro/scene", vec![OscType::String("aurora".into())]), inner]);
            let mut bytes = encoder::encode(&packet).unwrap();
            for (place, byte) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
            if twice {
                let half = bytes.clone();
                bytes.extend(half);
            }
            if let Ok((orders, _)) = read(&bytes, now()) {
                prop_assert!(orders.len() <= MOST && orders.iter().all(|timed| timed.wait <= FARTHEST));
                prop_assert!(orders.iter().all(|timed| !matches!(timed.order, Order::Set(_, value) if !value.is_finite())));
            }
        }

        #[test]
        fn any_pattern_is_matched_or_refused(pattern in r"/oneiro[/a-z*?\[\]{},!-]{0,60}") {
            drop(orders(&message(&pattern, vec![OscType::Float(0.5)])));
        }
    }
}
