//! One caller of bpf(2), simulated or native, with its memory.

use crate::numbers::cmd;
use crate::world::profile;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr, MapElemCpuAttr, UserAddr};
use bpfsim_host::Caller;
use bpfsim_syscall::{Failure, Kernel, ObjectId, Process, Profile, Task};
use zerocopy::{Immutable, IntoBytes};

/// What bpf(2) answered: 0 or an fd, or the errno.
pub type Said = Result<i64, Errno>;

/// A caller and its kernel.
pub struct Bench {
    inner: Inner,
    cpus: usize,
}

enum Inner {
    Simulated(Box<(Kernel, Process)>),
    Native(Caller),
}

/// A map for [`Bench::create`].
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// `map_type`.
    pub map_type: u32,
    /// In bytes.
    pub key: u32,
    /// In bytes.
    pub value: u32,
    /// Entries.
    pub entries: u32,
    /// `map_flags`.
    pub flags: u32,
}

/// A map type with 4-byte keys and without flags.
pub const fn wanted(map_type: u32, value: u32, entries: u32) -> Wanted {
    Wanted { map_type, key: 4, value, entries, flags: 0 }
}

impl Bench {
    /// The simulator as `profile` says.
    pub fn simulated(profile: Profile) -> Self {
        let cpus = profile.cpus.possible.len();
        let inner = Inner::Simulated(Box::new((Kernel::new(profile), Process::default())));
        Self { inner, cpus }
    }

    /// The simulator at a release, as in `4.6`.
    pub fn at(release: &str) -> Self {
        Self::simulated(profile(release))
    }

    /// The live kernel.
    pub fn native(caller: Caller, cpus: usize) -> Self {
        Self { inner: Inner::Native(caller), cpus }
    }

    /// How many possible CPUs there are.
    pub const fn cpus(&self) -> usize {
        self.cpus
    }

    /// The simulated kernel and its process.
    ///
    /// # Panics
    ///
    /// On the live kernel.
    pub fn parts(&mut self) -> (&mut Kernel, &mut Process) {
        match &mut self.inner {
            Inner::Simulated(both) => (&mut both.0, &mut both.1),
            Inner::Native(_) => panic!("the live kernel has no parts"),
        }
    }

    /// A buffer with these bytes; the byte behind it is not mapped.
    pub fn alloc(&mut self, bytes: &[u8]) -> UserAddr {
        match &mut self.inner {
            Inner::Simulated(both) => both.1.alloc(bytes),
            Inner::Native(caller) => {
                let memory = caller.memory();
                let at = memory.alloc_at_page_end(bytes.len()).expect("room in the arena");
                memory.write(at, bytes).expect("inside the buffer");
                UserAddr(at)
            }
        }
    }

    /// A buffer of `len` zero bytes.
    pub fn room(&mut self, len: usize) -> UserAddr {
        self.alloc(&vec![0; len])
    }

    /// An address at which nothing is mapped.
    pub fn nowhere(&mut self) -> UserAddr {
        match &mut self.inner {
            Inner::Simulated(_) => UserAddr(4096),
            Inner::Native(caller) => UserAddr(caller.memory().unmapped()),
        }
    }

    /// The bytes of a buffer.
    pub fn read(&mut self, at: UserAddr, len: usize) -> Vec<u8> {
        match &mut self.inner {
            Inner::Simulated(both) => both.1.bytes(at, len).expect("inside a buffer").to_vec(),
            Inner::Native(caller) => caller.memory().read(at.0, len).expect("inside a buffer"),
        }
    }

    /// Fills a buffer.
    pub fn write(&mut self, at: UserAddr, bytes: &[u8]) {
        match &mut self.inner {
            Inner::Simulated(both) => both.1.write(at, bytes).expect("inside a buffer"),
            Inner::Native(caller) => {
                caller.memory().write(at.0, bytes).expect("inside a buffer");
            }
        }
    }

    /// bpf(2) with the attr at an address of the caller's choice.
    pub fn try_call_at(&mut self, cmd: u32, at: UserAddr, size: u32) -> Result<i64, Failure> {
        match &mut self.inner {
            Inner::Simulated(both) => {
                let (kernel, process) = &mut **both;
                kernel.bpf(process, cmd, at, size).map(i64::from)
            }
            Inner::Native(caller) => match caller.call_at(cmd, at.0, size) {
                Ok(answer) => answer.map_err(Failure::from),
                Err(skipped) => Err(Failure::NotModelled(skipped.to_string())),
            },
        }
    }

    /// The same, for calls that have an answer.
    pub fn call_at(&mut self, cmd: u32, at: UserAddr, size: u32) -> Said {
        match self.try_call_at(cmd, at, size) {
            Ok(value) => Ok(value),
            Err(Failure::Errno(refusal)) => Err(refusal.errno),
            Err(other) => panic!("command {cmd} has no answer: {other}"),
        }
    }

    /// bpf(2) with these bytes as the attr, which then has what the kernel wrote there.
    fn call_bytes(&mut self, cmd: u32, attr: &mut [u8]) -> Result<i64, Failure> {
        if let Inner::Native(caller) = &mut self.inner {
            return match caller.call(cmd, attr) {
                Ok(answer) => answer.map_err(Failure::from),
                Err(skipped) => Err(Failure::NotModelled(skipped.to_string())),
            };
        }
        let at = self.alloc(attr);
        let answer = self.try_call_at(cmd, at, attr.len() as u32);
        attr.copy_from_slice(&self.read(at, attr.len()));
        answer
    }

    /// bpf(2) with these bytes as the attr.
    pub fn try_call(&mut self, cmd: u32, attr: &[u8]) -> Result<i64, Failure> {
        self.call_bytes(cmd, &mut attr.to_vec())
    }

    /// bpf(2) with an arm of the attr.
    pub fn call<T: IntoBytes + Immutable>(&mut self, cmd: u32, arm: &T) -> Said {
        self.call_back(cmd, arm).0
    }

    /// The same, and the attr as the kernel leaves it.
    pub fn call_back<T: IntoBytes + Immutable>(&mut self, cmd: u32, arm: &T) -> (Said, Vec<u8>) {
        let mut attr = arm.as_bytes().to_vec();
        match self.call_bytes(cmd, &mut attr) {
            Ok(value) => (Ok(value), attr),
            Err(Failure::Errno(refusal)) => (Err(refusal.errno), attr),
            Err(other) => panic!("command {cmd} has no answer: {other}"),
        }
    }

    /// Runs a program on a CPU of the simulator, as an event there would.
    pub fn run_on(&mut self, program: u32, cpu: u32) -> Result<u32, Failure> {
        let (kernel, process) = self.parts();
        let Some(Ok(ObjectId::Prog(handle))) = process.fd(program) else {
            return Err(Errno::EBADF.into());
        };
        kernel.run_program(handle, cpu, &[0; 64])
    }

    /// Closes an fd that a call returned.
    pub fn close(&mut self, fd: u32) {
        match &mut self.inner {
            Inner::Simulated(both) => {
                let (kernel, process) = &mut **both;
                if let Some(object) = process.close(fd) {
                    kernel.release(object);
                }
            }
            Inner::Native(caller) => {
                assert!(caller.close(fd.into()), "{fd} is a descriptor of this caller");
            }
        }
    }

    /// MAP_CREATE that must succeed; its fd.
    pub fn create(&mut self, map: Wanted) -> u32 {
        let arm = MapCreateAttr {
            map_type: map.map_type,
            key_size: map.key,
            value_size: map.value,
            max_entries: map.entries,
            map_flags: map.flags,
            ..MapCreateAttr::default()
        };
        let fd = self.call(cmd::MAP_CREATE, &arm).expect("a map");
        u32::try_from(fd).expect("an fd")
    }

    fn elem(&mut self, cmd: u32, fd: u32, key: UserAddr, value: UserAddr, flags: u64) -> Said {
        let arm = MapElemAttr { map_fd: fd, key, value, flags, ..MapElemAttr::default() };
        self.call(cmd, &arm)
    }

    /// An element command of a series, with `attr->cpu` behind the flags.
    pub fn elem_on(
        &mut self,
        cmd: u32,
        fd: u32,
        (key, value): (&[u8], &mut [u8]),
        flags: u64,
        cpu: u32,
    ) -> Said {
        let (at_key, at_value) = (self.alloc(key), self.alloc(value));
        let arm = MapElemCpuAttr {
            map_fd: fd,
            key: at_key,
            value: at_value,
            flags,
            cpu,
            ..MapElemCpuAttr::default()
        };
        let said = self.call(cmd, &arm);
        value.copy_from_slice(&self.read(at_value, value.len()));
        said
    }

    /// MAP_UPDATE_ELEM.
    pub fn update(&mut self, fd: u32, key: &[u8], value: &[u8], flags: u64) -> Said {
        let (key, value) = (self.alloc(key), self.alloc(value));
        self.elem(cmd::UPDATE, fd, key, value, flags)
    }

    /// MAP_LOOKUP_ELEM into a buffer of `len` bytes; the bytes.
    pub fn lookup(&mut self, fd: u32, key: &[u8], len: usize) -> Result<Vec<u8>, Errno> {
        self.lookup_with(fd, key, len, 0)
    }

    /// The same with flags.
    pub fn lookup_with(
        &mut self,
        fd: u32,
        key: &[u8],
        len: usize,
        flags: u64,
    ) -> Result<Vec<u8>, Errno> {
        let (key, value) = (self.alloc(key), self.room(len));
        self.elem(cmd::LOOKUP, fd, key, value, flags)?;
        Ok(self.read(value, len))
    }

    /// MAP_DELETE_ELEM.
    pub fn delete(&mut self, fd: u32, key: &[u8]) -> Said {
        let key = self.alloc(key);
        self.elem(cmd::DELETE, fd, key, UserAddr::NULL, 0)
    }

    /// MAP_GET_NEXT_KEY; `None` asks with a NULL key (v4.12).
    pub fn next(&mut self, fd: u32, key: Option<&[u8]>, len: usize) -> Result<Vec<u8>, Errno> {
        let key = key.map_or(UserAddr::NULL, |key| self.alloc(key));
        let next = self.room(len);
        self.elem(cmd::NEXT_KEY, fd, key, next, 0)?;
        Ok(self.read(next, len))
    }

    /// Every key, in the order of GET_NEXT_KEY, at most `most`.
    pub fn keys(&mut self, fd: u32, len: usize, most: usize) -> Vec<Vec<u8>> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        while keys.len() < most {
            match self.next(fd, keys.last().map(Vec::as_slice), len) {
                Ok(key) => keys.push(key),
                Err(errno) => {
                    assert_eq!(errno, Errno::ENOENT, "the end of a walk");
                    break;
                }
            }
        }
        keys
    }
}
