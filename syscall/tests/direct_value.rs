//! A program that names a value of an array directly (v5.2) reads what user space has put there.

use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr, ProgLoadAttr};
use bpfsim_abi::{Insn, Release};
use bpfsim_syscall::{Kernel, ObjectId, Process, Profile, Task};
use zerocopy::IntoBytes;

#[test]
fn reads_the_second_word_of_the_first_value() {
    let profile = Profile::release(Release::new(5, 4)).expect("a known release");
    let (mut kernel, mut task) = (Kernel::new(profile), Process::default());
    let create = MapCreateAttr {
        map_type: 2,
        key_size: 4,
        value_size: 16,
        max_entries: 1,
        ..MapCreateAttr::default()
    };
    let attr = task.alloc(&create.as_bytes()[..64]);
    let map_fd = kernel.bpf(&mut task, 0, attr, 64).expect("a map");
    let element = MapElemAttr {
        map_fd,
        key: task.alloc(&0u32.to_le_bytes()),
        value: task.alloc([7u64, 42].as_bytes()),
        ..MapElemAttr::default()
    };
    let attr = task.alloc(element.as_bytes());
    kernel.bpf(&mut task, 2, attr, 32).expect("an update");
    // r1 = map_value(fd, 8) ll; r0 = *(u64 *)(r1 + 0); exit
    let insns = [
        Insn::new(0x18, 1, 2, 0, map_fd as i32),
        Insn::new(0, 0, 0, 0, 8),
        Insn::new(0x79, 0, 1, 0, 0),
        Insn::new(0x95, 0, 0, 0, 0),
    ];
    let load = ProgLoadAttr {
        prog_type: 1,
        insn_cnt: 4,
        insns: task.alloc(insns.as_bytes()),
        license: task.alloc(b"GPL\0"),
        ..ProgLoadAttr::default()
    };
    let attr = task.alloc(&load.as_bytes()[..120]);
    let fd = kernel.bpf(&mut task, 5, attr, 120).expect("it verifies");
    let Some(Ok(ObjectId::Prog(program))) = task.fd(fd) else { panic!("no program behind {fd}") };
    assert_eq!(kernel.run_program(program, 0, &[]), Ok(42));
}
