use oneiro::train::corpus::*;
use oneiro::train::nets::melody_rnn::*;
use oneiro::train::program::Device;
use oneiro::train::run::*;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let c = Corpus::open(&[a[1].clone().into()]).unwrap();
    let settings = TaskSettings { config: Config::new(192, 48), rate: 2e-3, dropout: 0.2, weight_decay: 0.01, seed: 1 };
    let mut train: Vec<Tune> = Vec::new();
    for t in &c.train {
        train.push(Tune::from(&t.played));
        if t.once != t.played {
            train.push(Tune::from(&t.once));
        }
    }
    let val = c.validation.iter().map(|t| Tune::from(&t.played)).collect();
    println!("{} items", train.len());
    let task = MelodyTask::new(settings, train, val).unwrap();
    let run = RunSettings {
        folder: a[2].clone().into(),
        length: Length::Steps(a[3].parse().unwrap()),
        resume: true,
        seed: 1,
        device: Device::Cpu { threads: 1 },
        checkpoint_every: Duration::from_secs(120),
        validate_every: 500,
        progress: false,
    };
    train_run(&task, &run);
}
fn train_run(task: &MelodyTask, run: &RunSettings) {
    let r = oneiro::train::run::train(task, run, &AtomicBool::new(false));
    println!("{:?}", r.map(|s| s.len()));
}
