use oneiro::train::nets::melody_rnn::*;
use oneiro::train::program::*;
use oneiro::train::run::*;
use oneiro::train::step::*;
use std::time::Instant;
fn main() {
    let config = Config { durations: 70, pitches: 74, hidden: 256, key: 48 };
    let settings = TaskSettings { config, rate: 2e-3, dropout: 0.2, weight_decay: 0.01, seed: 1 };
    let lens = [70usize, 140, 200, 280, 390];
    let tunes: Vec<Tune> = (0..200).map(|i| { let n = lens[i % 5]; Tune {
        durations: (0..=n).map(|k| if k==n {69} else {(k*7 % 5) as u8}).collect(), pitches: (0..n).map(|k| (30 + (k*k + i) % 9) as u8).collect(),
        positions: (0..=n).map(|k| (k as u32*12) % 96).collect(), bar_steps: 96, bars: (0..=n).map(|k| k as f32 / 8.0).collect(), metre: 0, notes: n } }).collect();
    let task = MelodyTask::new(settings, tunes.clone(), tunes[..5].to_vec()).unwrap();
    let steps = task.steps();
    let slots: Vec<_> = steps[0].slots.clone();
    let mut state = State::new(&initial_state(&slots, 1)).unwrap();
    let rates = task.objectives();
    let _ = rates;
    let mut feeds0 = Vec::new();
    for s in 0..40 { let b = task.batch(s); feeds0.push(b); }
    for (i, s) in steps.iter().enumerate() {
        let t = Instant::now();
        let mut p = Program::new(s, Device::Cpu { threads: 1 }).unwrap();
        println!("bucket {i}: nodes {} open {:?}", s.model.graph.as_ref().unwrap().node.len(), t.elapsed());
        let Some(b) = feeds0.iter().find(|b| b.program == i) else { continue };
        for k in 0..3 {
            let mut f = b.feeds.clone();
            for (n, v) in [("rate", 2e-3), ("correction1", 1.0), ("correction2", 1.0), ("average", 0.1)] { f.insert(format!("melody/{n}"), Feed::Floats(oneiro::train::tensor::Tensor::scalar(v))); }
            let t = Instant::now();
            let m = p.run(&mut state, &f).unwrap();
            println!("  step {k}: {:?} {m:?}", t.elapsed());
        }
    }
    let t = Instant::now(); task.batch(3); println!("batch {:?}", t.elapsed());
}
