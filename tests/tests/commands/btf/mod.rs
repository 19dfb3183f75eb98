//! BTF: what is taken, what is said against it, and what objects have of it.

mod header;
mod history;
mod maps;
mod objects;
mod programs;
mod random;
mod types;

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BtfLoadAttr, UserAddr};
use bpfsim_syscall::Failure;
use bpfsim_tests::Bench;
use bpfsim_tests::bench::Said;
use bpfsim_tests::blob::Blob;
use bpfsim_tests::numbers::cmd;
use zerocopy::IntoBytes;

/// Bytes of the buffers for a BTF and its log.
const ROOM: usize = 1 << 16;

/// A bench with a buffer for a BTF and one for the log.
struct Loader {
    bench: Bench,
    data: UserAddr,
    log: UserAddr,
}

impl Loader {
    fn new(mut bench: Bench) -> Self {
        let (data, log) = (bench.room(ROOM), bench.room(ROOM));
        Self { bench, data, log }
    }

    /// What BTF_LOAD answers, and the log; the fd is closed again. None where the simulator says
    /// that it does not know.
    fn judge(&mut self, bytes: &[u8]) -> Option<(Said, String)> {
        self.bench.write(self.data, bytes);
        self.bench.write(self.log, &[0]);
        let arm = BtfLoadAttr {
            btf: self.data,
            btf_log_buf: self.log,
            btf_size: bytes.len() as u32,
            btf_log_size: ROOM as u32,
            btf_log_level: 1,
            ..BtfLoadAttr::default()
        };
        let said = match self.bench.try_call(cmd::BTF_LOAD, arm.as_bytes()) {
            Ok(fd) => {
                self.bench.close(fd as u32);
                Ok(0)
            }
            Err(Failure::Errno(refusal)) => Err(refusal.errno),
            Err(_) => return None,
        };
        let log = self.bench.read(self.log, ROOM);
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(ROOM);
        Some((said, String::from_utf8_lossy(&log[..end]).into_owned()))
    }
}

/// BTF_LOAD without a log; the fd.
fn load(bench: &mut Bench, blob: &Blob) -> Result<u32, Errno> {
    let bytes = blob.bytes();
    let btf = bench.alloc(&bytes);
    let arm = BtfLoadAttr { btf, btf_size: bytes.len() as u32, ..BtfLoadAttr::default() };
    bench.call(cmd::BTF_LOAD, &arm).map(|fd| fd as u32)
}
