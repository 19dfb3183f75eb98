//! Which programs are attached where.

use crate::core::{Core, ObjectId};
use bpfsim_sim::Hw;
use std::collections::BTreeMap;

/// A place that programs are attached to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A cgroup, by id, for an attach type.
    Cgroup(u64, u32),
    /// A network namespace, by inode, for an attach type.
    NetNs(u32, u32),
    /// The receive path of a device, by `ifindex`.
    Xdp(u32),
    /// Ingress or egress of a device, by `ifindex` and attach type.
    Tcx(u32, u32),
    /// A netfilter hook of the caller's network namespace.
    Netfilter(NetfilterHook),
    /// A tracepoint, by name.
    Tracepoint(String),
}

/// A netfilter hook: `link_create.netfilter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetfilterHook {
    /// `NFPROTO_IPV4` or `NFPROTO_IPV6`.
    pub pf: u32,
    /// `enum nf_inet_hooks`.
    pub hooknum: u32,
    /// Less comes first.
    pub priority: i32,
    /// `BPF_F_NETFILTER_IP_DEFRAG`.
    pub flags: u32,
}

/// A program at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its handle.
    pub program: u32,
    /// The link that holds it there; none when it was attached by itself.
    pub link: Option<u32>,
    /// `BPF_F_…` of the call that attached it.
    pub flags: u32,
}

/// Everything at one place, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// First to last.
    pub entries: Vec<Entry>,
    /// `BPF_F_ALLOW_OVERRIDE` or `BPF_F_ALLOW_MULTI`, of a cgroup.
    pub flags: u32,
    /// Counts changes, from 1.
    pub revision: u64,
}

impl Default for Hook {
    fn default() -> Self {
        Self { entries: Vec::new(), flags: 0, revision: 1 }
    }
}

/// What is attached to a kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    hooks: BTreeMap<Place, Hook>,
}

impl Hooks {
    /// What is at a place.
    pub fn at(&self, place: &Place) -> Option<&Hook> {
        self.hooks.get(place)
    }

    /// Every place where something is or was attached.
    pub fn iter(&self) -> impl Iterator<Item = (&Place, &Hook)> {
        self.hooks.iter()
    }

    /// The programs at a place.
    pub fn entries(&self, place: &Place) -> &[Entry] {
        self.at(place).map_or(&[], |hook| &hook.entries)
    }

    pub(crate) fn at_mut(&mut self, place: &Place) -> &mut Hook {
        self.hooks.entry(place.clone()).or_default()
    }

    /// Takes out one entry. The last one takes the flags with it, and of a device everything.
    pub(crate) fn remove(&mut self, place: &Place, index: usize) -> Option<Entry> {
        let hook = self.hooks.get_mut(place)?;
        if index >= hook.entries.len() {
            return None;
        }
        let entry = hook.entries.remove(index);
        hook.revision += 1;
        if hook.entries.is_empty() {
            hook.flags = 0;
            if matches!(place, Place::Tcx(..)) {
                self.hooks.remove(place);
            }
        }
        Some(entry)
    }

    /// A link is gone, or detached.
    pub(crate) fn forget(&mut self, place: &Place, link: u32) {
        let index = self.entries(place).iter().position(|entry| entry.link == Some(link));
        if let Some(index) = index {
            self.remove(place, index);
        }
    }
}

impl Core {
    /// A program is attached by itself: the place holds it.
    pub(crate) fn attach_program(&mut self, place: &Place, index: usize, entry: Entry) {
        self.get(ObjectId::Prog(entry.program));
        let hook = self.hooks.at_mut(place);
        hook.entries.insert(index, entry);
        hook.revision += 1;
    }

    /// A link's program is attached.
    pub(crate) fn attach_link(&mut self, place: &Place, index: usize, entry: Entry) {
        let hook = self.hooks.at_mut(place);
        hook.entries.insert(index, entry);
        hook.revision += 1;
    }

    /// Another program stands where one stood that was attached by itself.
    pub(crate) fn exchange(&mut self, hw: &mut Hw, place: &Place, index: usize, entry: Entry) {
        self.get(ObjectId::Prog(entry.program));
        let hook = self.hooks.at_mut(place);
        let old = std::mem::replace(&mut hook.entries[index], entry);
        hook.revision += 1;
        self.put(hw, ObjectId::Prog(old.program));
    }

    /// A program that was attached by itself is detached.
    pub(crate) fn detach_program(&mut self, hw: &mut Hw, place: &Place, index: usize) {
        if let Some(entry) = self.hooks.remove(place, index) {
            self.put(hw, ObjectId::Prog(entry.program));
        }
    }
}
