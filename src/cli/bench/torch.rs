//! The nets of the measurements in PyTorch, in a process beside.

use oneiro::train::bench::Rival;
use oneiro::train::run::RunError;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The process: it takes a line and answers with a line.
pub(super) struct Torch {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

const SCRIPT: &str = include_str!("../../../tests/reference/torch_steps.py");

impl Torch {
    /// Starts it; where it is missing, says so.
    pub fn start(python: &str, threads: usize) -> Option<Self> {
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT, &threads.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.stderr(Stdio::null()).spawn().ok().and_then(|mut process| {
            let (to, from) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
            Some(Self { process, to, from })
        });
        let ready = started.and_then(|mut torch| {
            let mut line = String::new();
            torch.from.read_line(&mut line).ok()?;
            (line.trim() == "ready").then_some(torch)
        });
        if ready.is_none() {
            eprintln!("{python} has no PyTorch: nothing to compare with");
        }
        ready
    }

    fn ask(&mut self, question: &Value) -> Result<Value, RunError> {
        let lost = |e: &dyn std::fmt::Display| RunError::Data(format!("PyTorch does not answer: {e}"));
        writeln!(self.to, "{question}").and_then(|()| self.to.flush()).map_err(|e| lost(&e))?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|e| lost(&e))?;
        serde_json::from_str(&line).map_err(|e| lost(&e))
    }
}

impl Rival for Torch {
    fn prepare(&mut self, kind: &str, sizes: &Value) -> Result<Option<f64>, RunError> {
        Ok(self.ask(&json!({"prepare": kind, "sizes": sizes}))?.as_f64())
    }

    fn step(&mut self) -> Result<f64, RunError> {
        let answer = self.ask(&json!("step"))?;
        answer.as_f64().ok_or_else(|| RunError::Data(format!("PyTorch says {answer} in place of a time")))
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
