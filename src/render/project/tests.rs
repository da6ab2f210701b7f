use super::*;
use proptest::prelude::*;

const SMALL: &str = "oneiro-project = 1\ninput = \"song.mid\"\n";

fn refused(text: &str) -> (Option<usize>, String) {
    Project::parse(&format!("{SMALL}{text}")).unwrap_err()
}

#[test]
fn a_project_says_only_what_is_unusual() {
    let project = Project::parse(SMALL).unwrap();
    assert_eq!(project, Project::new("song.mid".into()));
    let written = "[picture]\nsize = 256\nfps = 29.97\n[controls]\nscale = \"dorian\"\nswing = 0.6\n\
        [[automation]]\ncontrol = \"temperature\"\npoints = [{ bar = 1, value = 0.5 }, { bar = 9, beat = 3, value = 2, ramp = true }]\n";
    let project = Project::parse(&format!("{SMALL}{written}")).unwrap();
    let show = "[show]\nscene = \"2\"\ntitle = \"Oneiro\"\n[show.set]\nzoom = 1.5\n[[show.automation]]\ncontrol = \"hue\"\n\
        points = [{ bar = 3, value = 0.5, ramp = true }]\n[[show.call]]\nat = 5.3\ncue = \"drop\"\n";
    let shown = Project::parse(&format!("{SMALL}{show}")).unwrap().job().unwrap().show.unwrap();
    assert_eq!(shown.calls, [(Place::Bar { bar: 5, beat: 3.0 }, "drop".to_owned())]);
    assert_eq!(
        (shown.title.as_deref(), shown.automation.len(), &shown.controls["zoom"]),
        (Some("Oneiro"), 1, &Value::Number(1.5))
    );
    let modes = "[controls]\nvary = 0.7\n[[mode]]\nmode = \"vary\"\n[[mode]]\nat = 9\nmode = \"morph\"\n[[capture]]\nat = 5\ncorner = \"b\"\n";
    let along = Project::parse(&format!("{SMALL}{modes}")).unwrap().job().unwrap().along.unwrap();
    let bar = |bar| Place::Bar { bar, beat: 1.0 };
    assert_eq!(along.modes, [(bar(1), Mode::Vary), (bar(9), Mode::Morph)]);
    assert_eq!(along.captures, [(bar(5), Corner::B)]);
    let job = project.job().unwrap();
    assert!(job.show.is_none() && job.along.is_none());
    assert_eq!((job.size.width, job.fps.to_string().as_str()), (256, "30000/1001"));
    assert_eq!(job.automation.lanes[0].points[1].at, Place::Bar { bar: 9, beat: 3.0 });
    assert_eq!(job.automation.settings.controls.expression.swing, 0.6);
}

#[test]
fn what_has_no_meaning_is_refused_with_its_line() {
    let cases = [
        ("sede = 3\n", Some(3), "unknown field `sede`"),
        ("\n[picture]\nfps = 500\n", Some(5), "no number of video frames"),
        ("[picture]\nsize = \"big\"\n", Some(4), "even numbers"),
        ("[picture]\ncrf = 99\n", None, "crf 99: 0 to 51"),
        ("from = \"bar five\"\n", Some(3), "is no place"),
        ("[controls]\nlocked-bars = 1\n", None, "no control `locked-bars`"),
        ("[controls]\nmorph-x = 1\n", None, "`morph-x` says what a mode does"),
        ("[[mode]]\nmode = \"sing\"\n", Some(4), "one of answer, continue"),
        ("[[capture]]\nat = 3\ncorner = \"E\"\n", Some(5), "A, B, C or D"),
        ("[[capture]]\nat = 3\ncorner = \"A\"\n", None, "no mode is chosen"),
        ("[form]\nbars = 2\n[[mode]]\nmode = \"vary\"\n", None, "nobody takes turns"),
        ("[controls]\nswing = 7\n", None, "swing 7: 0.5 to 0.75"),
        ("[controls]\nscale = \"sad\"\n", None, "`sad` is no value"),
        ("outputs = [\"a.xyz\"]\n", None, "cannot be written"),
        ("[[automation]]\ncontrol = \"swing\"\npoints = []\n", None, "0 points"),
        (
            "[[automation]]\ncontrol = \"swing\"\npoints = [{ bar = 2, value = 0.6 }, { bar = 1, value = 0.6 }]\n",
            None,
            "out of order",
        ),
        ("[[model]]\nmodel = \"x\"\nsha = \"y\"\n", Some(5), "unknown field `sha`"),
        ("seed = -1\n", Some(3), "invalid value"),
    ];
    for (text, line, reason) in cases {
        let found = refused(text);
        assert!(found.0 == line && found.1.contains(reason), "{text}: {found:?}");
    }
    let later = Project::parse("oneiro-project = 2\nhologram = true\n").unwrap_err();
    assert_eq!(later.1, "is a project of format 2; this program reads format 1");
    assert!(Project::parse("").unwrap_err().1.contains("missing field"));
}

#[test]
fn paths_follow_the_project_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a/show.oneiro.toml");
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let mut project = Project::new(folder.path().join("song.mid"));
    project.outputs = vec![folder.path().join("a/frames/").display().to_string(), "/elsewhere/x.wav".into()];
    project.models = ["painter", "models/painter.onnx"].map(|m| ModelTable { model: m.into(), sha256: None }).to_vec();
    project.models[1].model = folder.path().join("models/painter.onnx").display().to_string();
    project.write(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("\"../song.mid\"") && text.contains("\"frames/\"") && text.contains("\"/elsewhere/x.wav\""),
        "{text}"
    );
    assert!(text.contains("\"painter\"") && text.contains("\"../models/painter.onnx\""), "{text}");
    let again = Project::read(&file).unwrap();
    let plain = |path: &Path| std::fs::canonicalize(path.parent().unwrap()).unwrap().join(path.file_name().unwrap());
    assert_eq!(plain(&again.input), plain(&project.input));
    assert!(again.outputs[0].ends_with("a/frames/") && again.outputs[1] == "/elsewhere/x.wav", "{:?}", again.outputs);
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![(0.05_f64..1.0).prop_map(Value::Number), "[a-z]{1,8}".prop_map(Value::Text)]
}

prop_compose! {
    fn courses()(control in "[a-z-]{1,12}", points in prop::collection::vec((1_u32..99, 1.0_f64..9.0, values(), any::<bool>()), 0..4)) -> Course {
        let points = points.into_iter().map(|(bar, beat, value, ramp)| CoursePoint { bar, beat, value, ramp }).collect();
        Course { control, points }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        seed in 0..=i64::MAX as u64,
        places in (prop::option::of(1_u32..99), prop::option::of(0.0_f64..999.0)),
        names in prop::collection::vec("[ -~äöü]{1,20}", 0..3),
        numbers in (16_u32..=2048, 1_u32..=240, 0_u8..=51, 1_u32..=64, 1.0_f64..360.0),
        controls in prop::collection::btree_map("[a-z-]{1,12}", values(), 0..4),
        automation in prop::collection::vec(courses(), 0..3),
        sha in prop::option::of("[0-9a-f]{64}"),
    ) {
        let mut project = Project::new("a b/ö.mid".into());
        project.seed = seed;
        project.from = places.0.map(|bar| Place::Bar { bar, beat: 2.5 });
        project.to = places.1.map(Place::Seconds);
        project.outputs = names.clone();
        project.models = names.into_iter().map(|model| ModelTable { model, sha256: sha.clone() }).collect();
        let side = numbers.0 * 2;
        project.picture.size = VideoSize { width: side.min(4096), height: 16 };
        project.picture.fps = numbers.1.to_string().parse().unwrap();
        (project.picture.crf, project.picture.motion_blur, project.picture.shutter) = (numbers.2, numbers.3, numbers.4);
        project.controls = controls;
        project.automation = automation;
        let text = toml::to_string(&project).unwrap();
        prop_assert_eq!(&toml::from_str::<Project>(&text).unwrap(), &project, "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![".{0,80}", "(oneiro-project = 1\n)?(input|seed|\\[picture\\]|fps|from|outputs) ?= ?[0-9\"\\[\\]a-z.\n]{0,20}"]) {
        if let Ok(project) = Project::parse(&text) {
            let _ = project.job();
        }
    }
}
