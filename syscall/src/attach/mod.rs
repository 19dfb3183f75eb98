//! Attaching programs to what a kernel has beside maps: cgroups, network namespaces, devices.

#[expect(dead_code, reason = "commands that attach come next")]
mod types;

pub(crate) use types::{load_as, needs_net_admin};
