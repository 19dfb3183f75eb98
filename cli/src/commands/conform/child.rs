//! A program that answers, behind two pipes.

use bpfsim_conform::wire::Wire;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// It may think this long about one line.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, its input, and the lines that it has written. It is ended when this is dropped.
pub struct Child {
    process: Process,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Child {
    /// Starts `command`; blanks part its words, as in `python3 my_bpf.py`.
    ///
    /// # Errors
    /// There is no such program.
    pub fn start(command: &str) -> Result<Child, String> {
        let mut words = command.split_whitespace();
        let program = words.next().ok_or("names no program")?;
        let mut process = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot be started: {error}"))?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err("has no pipes".to_owned());
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Child { process, input, lines })
    }
}

impl Wire for Child {
    fn ask(&mut self, line: &str) -> Result<String, String> {
        let ended = || "it has ended without an answer".to_owned();
        let sent = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        sent.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => ended(),
            _ => format!("it takes no more lines: {error}"),
        })?;
        self.lines.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                format!("it has not answered for {} s", PATIENCE.as_secs())
            }
            RecvTimeoutError::Disconnected => ended(),
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
