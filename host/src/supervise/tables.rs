//! The tables of fds of other threads: which file is behind a number.
//!
//! A pidfd is the quickest way there (v5.6, of single threads v6.9); `/proc/TID/fd/N` works for
//! every thread.

use super::objects::{Identity, identity};
use crate::sys::spawn::{copy_of, thread_pidfd};
use nix::sys::stat;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// As many pidfds are kept open.
const MOST: usize = 256;

/// Pidfds by thread.
///
/// A pidfd belongs to the thread it was opened for, not to its number: when the thread is gone,
/// nothing is found through it any more.
#[derive(Debug, Default)]
pub(super) struct Tables {
    open: HashMap<u32, OwnedFd>,
    /// The CPU that threads were on, and when they were asked.
    cpus: HashMap<u32, (Instant, u32)>,
}

/// So long a thread counts as where it was. A thread that moves itself is forgotten at once.
const STAYS: Duration = Duration::from_millis(1);

impl Tables {
    /// The CPU of a thread, by `ask` where that is not known.
    pub(super) fn cpu(&mut self, pid: u32, ask: impl FnOnce() -> u32) -> u32 {
        match self.cpus.get(&pid) {
            Some((asked, cpu)) if asked.elapsed() < STAYS => *cpu,
            Some(_) | None => {
                if self.cpus.len() >= MOST {
                    self.cpus.clear();
                }
                let cpu = ask();
                self.cpus.insert(pid, (Instant::now(), cpu));
                cpu
            }
        }
    }

    /// Some thread moves: nobody is known to be anywhere.
    pub(super) fn moved(&mut self) {
        self.cpus.clear();
    }

    /// The file behind an fd of a thread; none where there is no such fd, or `Err` with the number
    /// where the thread may not be looked at. `is_there` says whether the thread still is the one
    /// that is meant.
    pub(super) fn find(
        &mut self,
        pid: u32,
        fd: u32,
        is_there: &dyn Fn() -> bool,
    ) -> Result<Option<Identity>, i32> {
        if let Some(pidfd) = self.open.get(&pid) {
            match look(pidfd, fd) {
                Ok(file) => return Ok(Some(file)),
                Err(libc::EBADF) => return Ok(None),
                // The thread that it was opened for is gone, and its number used again.
                Err(_) => drop(self.open.remove(&pid)),
            }
        }
        if self.open.len() >= MOST {
            self.open.clear();
        }
        let found = match thread_pidfd(pid) {
            Ok(pidfd) => {
                let found = look(&pidfd, fd);
                if is_there() {
                    self.open.insert(pid, pidfd);
                }
                found
            }
            Err(_) => Err(libc::ENOSYS),
        };
        let found = match found {
            Ok(file) => Some(file),
            Err(libc::EBADF) => None,
            // The other way; it needs less.
            Err(_) => by_path(pid, fd)?,
        };
        Ok(found.filter(|_| is_there()))
    }
}

fn look(pidfd: &OwnedFd, fd: u32) -> Result<Identity, i32> {
    let copy = copy_of(pidfd, fd)?;
    stat::fstat(&copy).map(|stat| identity(&stat)).map_err(|errno| errno as i32)
}

fn by_path(pid: u32, fd: u32) -> Result<Option<Identity>, i32> {
    match stat::stat(format!("/proc/{pid}/fd/{fd}").as_str()) {
        Ok(stat) => Ok(Some(identity(&stat))),
        Err(nix::errno::Errno::EACCES | nix::errno::Errno::EPERM) => Err(libc::EPERM),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsRawFd;

    #[test]
    fn files_are_found_by_number() {
        let (mut tables, me) = (Tables::default(), std::process::id());
        let file = File::open("/proc/self/exe").expect("this program");
        let own = stat::fstat(&file).map(|stat| identity(&stat)).expect("open");
        for _ in 0..2 {
            let found = tables.find(me, file.as_raw_fd() as u32, &|| true);
            assert_eq!(found, Ok(Some(own)));
            assert_eq!(tables.find(me, 1_000_000, &|| true), Ok(None));
        }
        assert_eq!(by_path(me, file.as_raw_fd() as u32), Ok(Some(own)));
        assert_eq!(Tables::default().find(me, 0, &|| false), Ok(None), "somebody else's");
    }
}
