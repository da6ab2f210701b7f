//! A SoundFont made by hand (SoundFont Technical Specification 2.04), small enough to be taken apart.

/// Samples of one turn of the recorded wave.
const PERIOD: usize = 100;

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    out.resize(out.len() + body.len() % 2, 0);
    out
}

fn list(name: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&name[..], &chunks.concat()].concat())
}

fn name(text: &str) -> [u8; 20] {
    let mut name = [0; 20];
    name[..text.len()].copy_from_slice(text.as_bytes());
    name
}

/// A SoundFont of one instrument: a sine of so many turns that loops for ever, recorded at A4.
pub fn sine_font(turns: usize) -> Vec<u8> {
    let length = turns * PERIOD;
    let wave = |i: usize| (std::f64::consts::TAU * i as f64 / PERIOD as f64).sin();
    let samples = (0..length).map(|i| (wave(i) * 20_000.0) as i16).chain([0; 46]);
    let words = |words: &[u16]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let longs = |longs: &[u32]| longs.iter().flat_map(|l| l.to_le_bytes()).collect::<Vec<u8>>();
    let preset = |text: &str, bag: u16| [&name(text)[..], &words(&[0, 0, bag]), &[0; 12]].concat();
    let instrument = |text: &str, bag: u16| [&name(text)[..], &words(&[bag])].concat();
    let rate = 440 * PERIOD as u32;
    let (first, last) = (PERIOD as u32, (length - PERIOD) as u32);
    let sample =
        [&name("sine")[..], &longs(&[0, length as u32, first, last, rate]), &[69, 0], &words(&[0, 1])].concat();
    let info =
        list(b"INFO", &[chunk(b"ifil", &words(&[2, 4])), chunk(b"isng", b"EMU8000\0"), chunk(b"INAM", b"sine\0\0")]);
    let data = list(b"sdta", &[chunk(b"smpl", &samples.flat_map(i16::to_le_bytes).collect::<Vec<u8>>())]);
    let parameters = list(
        b"pdta",
        &[
            chunk(b"phdr", &[preset("Sine", 0), preset("EOP", 1)].concat()),
            chunk(b"pbag", &words(&[0, 0, 1, 0])),
            chunk(b"pmod", &[0; 10]),
            // Generator 41: the instrument.
            chunk(b"pgen", &words(&[41, 0, 0, 0])),
            chunk(b"inst", &[instrument("sine", 0), instrument("EOI", 1)].concat()),
            chunk(b"ibag", &words(&[0, 0, 2, 0])),
            chunk(b"imod", &[0; 10]),
            // Generator 54: loops; 53: the sample.
            chunk(b"igen", &words(&[54, 1, 53, 0, 0, 0])),
            chunk(b"shdr", &[sample, [&name("EOS")[..], &[0; 26]].concat()].concat()),
        ],
    );
    chunk(b"RIFF", &[&b"sfbk"[..], &info, &data, &parameters].concat())
}
