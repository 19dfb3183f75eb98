//! What a kernel has to attach programs to, beside its own objects: inputs, like time and chance.

use bpfsim_abi::Release;

/// The cgroups, devices, namespaces and tracepoints that are modelled. What is not listed is not
/// modelled, apart from devices: an `ifindex` without a device is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Targets {
    /// The tree of cgroup v2, by id.
    pub cgroups: Vec<Cgroup>,
    /// The devices of the caller's network namespace.
    pub devices: Vec<Device>,
    /// The inode of the caller's network namespace, which is the first one.
    pub netns: u32,
    /// Tracepoints that raw tracepoint programs can be attached to.
    pub tracepoints: Vec<Tracepoint>,
}

/// A cgroup of v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cgroup {
    /// As in `bpf_link_info` and in [`crate::File::Cgroup`]; the root has 1.
    pub id: u64,
    /// The one that it lies in; the root has none.
    pub parent: Option<u64>,
}

/// A network device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// Its number.
    pub ifindex: u32,
    /// Its driver runs XDP programs itself (`ndo_bpf`).
    pub native_xdp: bool,
}

/// A tracepoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tracepoint {
    /// Its name.
    pub name: String,
    /// How many arguments it hands out, of 8 bytes each.
    pub args: u32,
}

impl Targets {
    /// The root of the cgroups, the loopback device, the first network namespace, and a few
    /// tracepoints that every kernel with tracing has.
    pub fn of(release: Release) -> Self {
        let switch = if release >= Release::new(5, 18) { 4 } else { 3 };
        let tracepoint = |(name, args): (&str, u32)| Tracepoint { name: name.to_owned(), args };
        Self {
            cgroups: vec![Cgroup { id: 1, parent: None }],
            devices: vec![Device { ifindex: 1, native_xdp: false }],
            netns: 4_026_531_840,
            tracepoints: [
                ("sys_enter", 2),
                ("sys_exit", 2),
                ("sched_switch", switch),
                ("sched_wakeup", 1),
                ("sched_process_fork", 2),
                ("sched_process_exec", 3),
                ("task_newtask", 2),
            ]
            .map(tracepoint)
            .to_vec(),
        }
    }

    /// The cgroup with this id.
    pub fn cgroup(&self, id: u64) -> Option<Cgroup> {
        self.cgroups.iter().find(|cgroup| cgroup.id == id).copied()
    }

    /// A cgroup and those that it lies in, from the inside.
    pub fn lineage(&self, id: u64) -> Vec<u64> {
        let mut ids = Vec::new();
        let mut next = Some(id);
        while let Some(cgroup) = next.and_then(|id| self.cgroup(id)) {
            if ids.contains(&cgroup.id) {
                break;
            }
            ids.push(cgroup.id);
            next = cgroup.parent;
        }
        ids
    }

    /// The device with this number.
    pub fn device(&self, ifindex: u32) -> Option<Device> {
        self.devices.iter().find(|device| device.ifindex == ifindex).copied()
    }
}
