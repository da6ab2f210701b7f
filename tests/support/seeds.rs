//! Sound inputs of every reader of untrusted bytes, which tests and fuzz targets begin with.

#[path = "sound_font.rs"]
mod sound_font;

use image::{ImageFormat, Rgb, RgbImage};
use oneiro::bridge::{ClockReading, Moment, Part, ShowEvent, ShowKind, Shown};
use oneiro::controls::{Binding, Control, ControlMap, Knob};
use oneiro::link::{Pulse, Thumbnail, Watch};
use oneiro::live::Patch;
use oneiro::model::onnx::{
    AttributeProto, AttributeType, DataType, GraphProto, IR_VERSION, ModelProto, NodeProto, OPSET_VERSION,
    OperatorSetIdProto, TensorProto, ValueInfoProto,
};
use oneiro::model::spec::{Kind, Latent, ModelSpec, Picture, TensorSpec};
use oneiro::render::{
    Alpha, Blur, Call, Caption, CaptionKind, Depth, Point, Position, Reel, ReelModels, ReelValue, Way,
};
use oneiro::take::{Event, Header, Moment as TakeMoment};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use oneiro::train::checkpoint::{self, Progress};
use oneiro::train::tensor::Tensor;
use prost::Message as _;
use std::io::Cursor;

pub fn midi() -> Vec<Vec<u8>> {
    let track = |events: &[u8]| [&b"MTrk"[..], &(events.len() as u32).to_be_bytes(), events].concat();
    let file = |format: u8, division: [u8; 2], tracks: &[Vec<u8>]| {
        [&b"MThd\0\0\0\x06\0"[..], &[format, 0, tracks.len() as u8], &division, &tracks.concat()].concat()
    };
    // Tempo and metre; running status, a program, a sustained note, a controller that ends all notes.
    let head = track(&[0, 0xff, 0x51, 3, 7, 0xa1, 0x20, 0, 0xff, 0x58, 4, 6, 3, 24, 8, 0, 0xff, 0x2f, 0]);
    let notes = [
        0, 0xff, 3, 2, b'a', b'b', 0, 0xc0, 5, 0, 0x90, 60, 80, 0x60, 60, 0, 0, 64, 70, 0x60, 0x80, 64, 0, 0, 0x99, 38,
        90, 8, 0xb9, 123, 0, 0, 0xf0, 2, 1, 0xf7, 0, 0xff, 0x2f, 0,
    ];
    vec![
        include_bytes!("../fixtures/midi/evening-walk.mid").to_vec(),
        file(1, [1, 0xe0], &[head, track(&notes)]),
        file(0, [0xe7, 40], &[track(&notes)]),
    ]
}

pub fn abc() -> Vec<Vec<u8>> {
    let parts = "X:3\nT:Parts\nP:ABAB\nM:2+3/8\nL:1/16\nK:F#mix\nP:A\n|:[1,3 (3abc d2-|d2 :|[2 z4 {e}f^^g'|]\nP:B\n!trill!a,>b \"Am\"[ceg]3/2|w:la\n";
    vec![include_bytes!("../fixtures/abc/two.abc").to_vec(), parts.into()]
}

pub fn model() -> Vec<Vec<u8>> {
    let value = |name: &str| ValueInfoProto::tensor(name, DataType::Float, &[1, 1, 2, 2]);
    let node = |operator: &str, input: &[&str], output: &str| NodeProto {
        input: input.iter().map(|&name| name.into()).collect(),
        output: vec![output.into()],
        op_type: Some(operator.into()),
        ..NodeProto::default()
    };
    let body =
        GraphProto { node: vec![node("Neg", &["z"], "inner")], output: vec![value("inner")], ..GraphProto::default() };
    let branch = |name: &str| AttributeProto {
        name: Some(name.into()),
        g: Some(body.clone()),
        r#type: Some(AttributeType::Graph as i32),
        ..AttributeProto::default()
    };
    let mut choice = node("If", &["yes"], "chosen");
    choice.attribute = vec![branch("then_branch"), branch("else_branch")];
    let yes = TensorProto {
        data_type: Some(DataType::Bool as i32),
        int32_data: vec![1],
        name: Some("yes".into()),
        ..TensorProto::default()
    };
    let graph = GraphProto {
        node: vec![node("Mul", &["z", "two"], "doubled"), choice, node("Add", &["doubled", "chosen"], "image")],
        name: Some("small".into()),
        initializer: vec![TensorProto::from_f32("two", &[1], &[2.0]), yes, TensorProto::from_i64("n", &[2], &[3, 4])],
        input: vec![value("z")],
        output: vec![value("image")],
        ..GraphProto::default()
    };
    let mut model = ModelProto {
        ir_version: Some(IR_VERSION),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET_VERSION) }],
        ..ModelProto::default()
    };
    described().store(&mut model).expect("a sound description");
    vec![model.encode_to_vec()]
}

fn described() -> ModelSpec {
    let mut spec = ModelSpec::new(Kind::ImageGan, "small");
    spec.inputs = vec![TensorSpec::f32("z", &[1, 1, 2, 2])];
    spec.outputs = vec![TensorSpec::f32("image", &[1, 1, 2, 2])];
    spec.picture = Some(Picture { width: 2, height: 2, channels: 1, range: [-1.0, 1.0] });
    spec.latent = Some(Latent { size: 4, mapped_size: None, psi: Some(0.8) });
    spec
}

pub fn spec() -> Vec<Vec<u8>> {
    let json = described().to_json().expect("a sound description");
    let toml = toml::to_string(&described()).expect("a sound description");
    vec![json.into_bytes(), toml.into_bytes()]
}

pub fn take() -> Vec<Vec<u8>> {
    let transport =
        Transport { playing: true, pos_beats: Beats(-1.5), tempo: Bpm(97.25), time_signature: TimeSignature::COMMON };
    let events = [
        Event::Transport(transport),
        Event::Press(60, 90),
        Event::On(Part::Call, 60, 90),
        Event::Control("temperature".into(), 0.75),
        Event::Patch(Part::Answer, Patch::Bells),
        Event::Off(Part::Call, 60),
        Event::Panic,
        Event::End,
    ];
    let header = Header::new(SampleRate(48_000), 7, [Patch::Keys, Patch::Lead, Patch::Keys]);
    let mut lines = vec![serde_json::to_string(&header).expect("plain data")];
    for (number, event) in events.into_iter().enumerate() {
        let moment = TakeMoment { sample: number as u64 * 480, event };
        lines.push(serde_json::to_string(&moment).expect("plain data"));
    }
    // An instrument that nobody knows, with a line break in its name.
    let odd = "{\"oneiro_session\":1,\"version\":\"0\",\"rate\":48000,\"seed\":7,\"controls\":{},\"patches\":[\"keys\",\"l\\n\"]}\n";
    vec![(lines.join("\n") + "\n").into_bytes(), odd.into()]
}

pub fn map() -> Vec<Vec<u8>> {
    let mut map = ControlMap::default();
    let knobs = [Knob::Controller(74), Knob::Note(36), Knob::Wheel];
    for (knob, control) in knobs.into_iter().zip([Control::TEMPO, Control::PANIC, Control::SOUND]) {
        map.bind(Binding { channel: 9, knob, control });
    }
    vec![map.text_of_all().expect("names and numbers").into_bytes()]
}

pub fn checkpoint() -> Vec<Vec<u8>> {
    let state = [("w".to_owned(), Tensor::new(&[2, 3], vec![0.5; 6])), ("step".to_owned(), Tensor::scalar(3.0))];
    let progress = Progress { step: 3, steps: 9, settings: serde_json::json!({"rate": 0.1}), ..Progress::default() };
    vec![checkpoint::write(&progress, &state.into_iter().collect()).expect("plain data")]
}

pub fn picture() -> Vec<Vec<u8>> {
    let dots = RgbImage::from_fn(18, 17, |x, y| Rgb([x as u8 * 9, y as u8 * 9, (x * y) as u8]));
    let encoded = |format| {
        let mut out = Cursor::new(Vec::new());
        dots.write_to(&mut out, format).expect("memory takes it");
        out.into_inner()
    };
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP].map(encoded).to_vec()
}

pub fn link() -> Vec<Vec<u8>> {
    let metre = TimeSignature::COMMON;
    let clock = ClockReading {
        sample: 96_000,
        pos_beats: Beats(4.0),
        tempo: Bpm(120.0),
        time_signature: metre,
        playing: true,
        epoch: 2,
    };
    let kinds = [
        ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 90 },
        ShowKind::Beat { in_bar: 0 },
        ShowKind::Bar { bar: 1, time_signature: metre },
        ShowKind::Transport { playing: true, tempo: Bpm(120.0), epoch: 2 },
        ShowKind::Phrase { part: Part::Answer, duration: Beats(8.0) },
        ShowKind::Chord { root: 0, pitch_classes: 145 },
        ShowKind::Energy { level: 0.5 },
    ];
    let shown = |kind| Shown { ns: 1_000_000, event: ShowEvent { pos_beats: Beats(4.0), kind } };
    let pulse = Pulse {
        number: 5,
        sent_ns: 2_000_000_000,
        now: Moment { ns: 2_000_000_000, clock },
        wants_picture: true,
        events: kinds.into_iter().map(shown).collect(),
    };
    let picture = Thumbnail::shrink((4, 2), 3, &[7; 24]);
    let watch = Watch { process: 7, watcher: 1, sent_ns: 8, picture };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    pulse.write(&mut first);
    watch.write(&mut second);
    // At the end of all time.
    let mut last = Vec::new();
    Pulse { sent_ns: u64::MAX, ..pulse }.write(&mut last);
    vec![first, second, last]
}

pub fn project() -> Vec<Vec<u8>> {
    let small = "oneiro-project = 1\ninput = \"song.mid\"\n";
    let written = "seed = 7\noutputs = [\"a.mp4\", \"frames/\", \"b.wav\"]\nfrom = \"3.2\"\nto = \"1:02.5\"\nsoundfont = \"p.sf2\"\n\
        [form]\nbars = 4\nanswer-bars = 2\n[sound]\nwav = \"float\"\nstems = \"s.stems\"\n\
        [picture]\nsize = \"640x360\"\nfps = \"24000/1001\"\ncrf = 20\ndepth = 16\nalpha = \"luma\"\nmotion-blur = 4\nshutter = 90.0\n\
        [controls]\nscale = \"dorian\"\nswing = 0.6\n[[automation]]\ncontrol = \"temperature\"\n\
        points = [{ bar = 1, value = 0.5 }, { bar = 9, beat = 3, value = 2, ramp = true }]\n\
        [[model]]\nmodel = \"models/a.onnx\"\nsha256 = \"00ff\"\n";
    let show = "[show]\nscene = \"2\"\ntitle = \"Oneiro\"\ncues = \"c.toml\"\n[show.set]\nzoom = 1.5\n[[show.automation]]\ncontrol = \"hue\"\n\
        points = [{ bar = 3, value = 0.5, ramp = true }]\n[[show.call]]\nat = 5.3\ncue = \"drop\"\n";
    let along = "[[mode]]\nmode = \"harmonise\"\n[[mode]]\nat = 9\nmode = \"morph\"\n[[capture]]\nat = 5\ncorner = \"A\"\n\
        [[automation]]\ncontrol = \"morph-x\"\npoints = [{ bar = 9, value = 0 }, { bar = 17, value = 1, ramp = true }]\n";
    [written, show, along, ""].map(|more| format!("{small}{more}").into_bytes()).to_vec()
}

pub fn reel() -> Vec<Vec<u8>> {
    let kind = ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 100 };
    let point = |at, control: &str, value, way| Point { at, control: control.into(), value, way };
    let reel = Reel {
        frames: (10, 20),
        lead_in: Some(30),
        blur: Some(Blur { sub_frames: 4, shutter: 0.5 }),
        depth: Depth::Sixteen,
        alpha: Alpha::Luma,
        show: vec![ShowEvent { pos_beats: Beats(0.25), kind }],
        scene: Some("aurora".into()),
        controls: [("zoom".to_owned(), ReelValue::Number(1.5))].into(),
        points: vec![
            point(Position::Bar(2.5), "walk", ReelValue::Name("loop".into()), Way::Step),
            point(Position::Beat(3.0), "hue", ReelValue::Number(0.25), Way::Ramp),
        ],
        calls: vec![Call { at: Position::Bar(3.0), cue: "2".into() }],
        texts: vec![Caption { from: None, to: None, text: "Oneiro".into(), kind: CaptionKind::Title }],
        models: ReelModels { first: "a.onnx".into(), ..ReelModels::default() },
        ..Reel::default()
    };
    let short = r#"{"version":1,"size":[96,64],"fps":"24000/1001","frames":[0,2],"tempo":[{"at":0.0,"tempo":96.0}],"metres":[{"at":0.0,"metre":{"numerator":3,"denominator":4}}],"models":{"first":"a.onnx"}}"#;
    vec![reel.json().expect("a sound reel").into_bytes(), short.into()]
}

pub fn font() -> Vec<Vec<u8>> {
    vec![sound_font::sine_font(4)]
}
