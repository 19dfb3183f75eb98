//! The memory oracle: what the kernel touches behind the caller's buffers.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BatchAttr, MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_sim::Topology;
use bpfsim_syscall::overrun::{Access, Behind, MOST};
use bpfsim_syscall::{Answer, Kernel, Process};
use bpfsim_tests::numbers::{cmd, map};
use bpfsim_tests::world::profile;
use rstest::rstest;
use zerocopy::{FromBytes, Immutable, IntoBytes};

struct Caller {
    kernel: Kernel,
    process: Process,
}

impl Caller {
    /// v6.18 on four CPUs.
    fn new(behind: Behind) -> Self {
        let mut profile = profile("6.18");
        profile.cpus = Topology::all_online(4);
        let mut process = Process::default();
        process.behind = behind;
        Self { kernel: Kernel::new(profile), process }
    }

    fn call<T: IntoBytes + Immutable + FromBytes>(&mut self, cmd: u32, arm: &T) -> Answer {
        let attr = self.process.alloc(arm.as_bytes());
        self.process.bpf(&mut self.kernel, cmd, attr, size_of::<T>() as u32)
    }

    fn map(&mut self, map_type: u32, key: u32, value: u32) -> u32 {
        let arm = MapCreateAttr {
            map_type,
            key_size: key,
            value_size: value,
            max_entries: 4,
            ..MapCreateAttr::default()
        };
        self.call(cmd::MAP_CREATE, &arm).expect("a map")
    }

    /// An element command with buffers of these sizes.
    fn elem(&mut self, cmd: u32, fd: u32, key: usize, value: usize) -> Answer {
        let (key, value) = (self.process.alloc_zeroed(key), self.process.alloc_zeroed(value));
        self.call(cmd, &MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() })
    }

    fn said(&mut self) -> Vec<String> {
        self.process.take_overruns().iter().map(ToString::to_string).collect()
    }
}

/// Buffers of a call on a map with keys of 4 and values of 12 bytes, by four CPUs: 64 bytes.
#[rstest]
#[case::value_size(
    cmd::LOOKUP,
    4,
    12,
    "BPF_MAP_LOOKUP_ELEM: the kernel writes 64 bytes to value, you gave 12"
)]
#[case::one_cpu_short(
    cmd::LOOKUP,
    4,
    48,
    "BPF_MAP_LOOKUP_ELEM: the kernel writes 64 bytes to value, you gave 48"
)]
#[case::one_byte_short(
    cmd::LOOKUP,
    4,
    63,
    "BPF_MAP_LOOKUP_ELEM: the kernel writes 64 bytes to value, you gave 63"
)]
#[case::update(
    cmd::UPDATE,
    4,
    12,
    "BPF_MAP_UPDATE_ELEM: the kernel reads 64 bytes from value, you gave 12"
)]
#[case::key(
    cmd::LOOKUP,
    2,
    64,
    "BPF_MAP_LOOKUP_ELEM: the kernel reads 4 bytes from key, you gave 2"
)]
#[case::next_key(
    cmd::NEXT_KEY,
    4,
    3,
    "BPF_MAP_GET_NEXT_KEY: the kernel writes 4 bytes to next_key, you gave 3"
)]
fn a_short_buffer(
    #[case] command: u32,
    #[case] key: usize,
    #[case] value: usize,
    #[case] said: &str,
) {
    let mut page = Caller::new(Behind::Page);
    let fd = page.map(map::PERCPU_ARRAY, 4, 12);
    assert_eq!(page.elem(command, fd, key, value), Ok(0), "as on a real machine");
    assert_eq!(page.said(), [said]);

    let mut hole = Caller::new(Behind::Hole);
    let fd = hole.map(map::PERCPU_ARRAY, 4, 12);
    assert_eq!(hole.elem(command, fd, key, value), Err(Errno::EFAULT.into()));
    assert_eq!(hole.said(), [said]);
}

#[rstest]
#[case::lookup(cmd::LOOKUP, 4, 64)]
#[case::update(cmd::UPDATE, 4, 64)]
#[case::next(cmd::NEXT_KEY, 4, 4)]
fn a_buffer_that_is_large_enough(#[case] command: u32, #[case] key: usize, #[case] value: usize) {
    let mut caller = Caller::new(Behind::Page);
    let fd = caller.map(map::PERCPU_ARRAY, 4, 12);
    assert_eq!(caller.elem(command, fd, key, value), Ok(0));
    assert_eq!(caller.said(), [""; 0]);
}

/// Keys and values are copied one by one; what is said counts from the caller's pointers.
#[test]
fn a_batch_names_keys_and_values_once() {
    let mut caller = Caller::new(Behind::Page);
    let fd = caller.map(map::ARRAY, 4, 8);
    let arm = BatchAttr {
        out_batch: caller.process.alloc_zeroed(4),
        keys: caller.process.alloc_zeroed(6),
        values: caller.process.alloc_zeroed(8),
        count: 4,
        map_fd: fd,
        ..BatchAttr::default()
    };
    caller.call(cmd::LOOKUP_BATCH, &arm).expect("four elements");
    let overruns = caller.process.take_overruns();
    let found: Vec<_> =
        overruns.iter().map(|one| (one.field, one.access, one.touched, one.gave)).collect();
    let write = Access::Write;
    assert_eq!(found, [(Some("keys"), write, 16, 6), (Some("values"), write, 32, 8)]);
    assert_eq!(overruns[0].at, arm.keys);
}

/// What was written behind a buffer is there afterwards, but not for the caller's own eyes.
#[test]
fn bytes_behind_a_buffer_come_back() {
    let mut caller = Caller::new(Behind::Page);
    let fd = caller.map(map::ARRAY, 4, 8);
    let (key, value) = (caller.process.alloc_zeroed(4), caller.process.alloc(&[1, 2, 3, 4]));
    let arm = MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() };
    caller.call(cmd::UPDATE, &arm).expect("zeros lie behind the value");
    caller.call(cmd::LOOKUP, &arm).expect("an element");
    assert_eq!(caller.process.bytes(value, 4), Some(&[1, 2, 3, 4][..]));
    assert_eq!(caller.process.bytes(value, 5), None);
    assert_eq!(caller.said().len(), 2);
}

#[test]
fn the_page_ends() {
    let mut caller = Caller::new(Behind::Page);
    let fd = caller.map(map::ARRAY, 4, 8192);
    assert_eq!(caller.elem(cmd::LOOKUP, fd, 4, 8), Err(Errno::EFAULT.into()));
    let said = "BPF_MAP_LOOKUP_ELEM: the kernel writes 8192 bytes to value, you gave 8";
    assert_eq!(caller.said(), [said]);
}

#[test]
fn an_attr_that_is_shorter_than_its_size() {
    let mut caller = Caller::new(Behind::Page);
    let attr = caller.process.alloc_zeroed(8);
    let answer = caller.process.bpf(&mut caller.kernel, cmd::LOOKUP, attr, 32);
    assert_eq!(answer, Err(Errno::EINVAL.into()), "fd 0 is no map");
    let said = "BPF_MAP_LOOKUP_ELEM: the kernel reads 32 bytes from attr, you gave 8";
    assert_eq!(caller.said(), [said]);
}

/// Calls past the process are noted without names; a pointer to nowhere is no buffer.
#[test]
fn what_has_no_name() {
    let mut caller = Caller::new(Behind::Hole);
    let fd = caller.map(map::ARRAY, 4, 8);
    let (key, value) = (caller.process.alloc_zeroed(4), caller.process.alloc_zeroed(4));
    let arm = MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() };
    let attr = caller.process.alloc(arm.as_bytes());
    let answer = caller.kernel.bpf(&mut caller.process, cmd::LOOKUP, attr, 32);
    assert_eq!(answer, Err(Errno::EFAULT.into()));
    assert_eq!(caller.said(), [format!("the kernel writes 8 bytes to {:#x}, you gave 4", value.0)]);
    let nowhere = MapElemAttr { value: UserAddr(4096), ..arm };
    assert_eq!(caller.call(cmd::LOOKUP, &nowhere), Err(Errno::EFAULT.into()));
    assert_eq!(caller.said(), [""; 0]);
}

#[test]
fn notes_are_bounded() {
    let mut caller = Caller::new(Behind::Hole);
    let fd = caller.map(map::ARRAY, 4, 8);
    let (key, value) = (caller.process.alloc_zeroed(4), caller.process.alloc_zeroed(4));
    let arm = MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() };
    let attr = caller.process.alloc(arm.as_bytes());
    for _ in 0..MOST + 10 {
        caller.process.bpf(&mut caller.kernel, cmd::LOOKUP, attr, 32).expect_err("a fault");
    }
    assert_eq!(caller.process.overruns().len(), MOST);
}
