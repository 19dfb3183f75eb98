//! What a configuration has left out of a release.

/// Numbers that this kernel does not know although the release does. A number that a patch series
/// brings is not affected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Without {
    /// In `enum bpf_cmd`. As unknown as in a release before them: EINVAL.
    pub commands: Vec<u32>,
    /// In `enum bpf_map_type`. MAP_CREATE answers EINVAL, as where their CONFIG is off.
    pub map_types: Vec<u32>,
    /// In `enum bpf_prog_type`. PROG_LOAD answers EINVAL, as where their CONFIG is off.
    pub prog_types: Vec<u32>,
    /// In `enum bpf_func_id`. The verifier does not know them for any program.
    pub helpers: Vec<u32>,
}

impl Without {
    /// True when nothing is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Leaves out what `other` leaves out, too.
    pub fn extend(&mut self, other: &Self) {
        let lists = [
            (&mut self.commands, &other.commands),
            (&mut self.map_types, &other.map_types),
            (&mut self.prog_types, &other.prog_types),
            (&mut self.helpers, &other.helpers),
        ];
        for (mine, others) in lists {
            mine.extend(others);
            mine.sort_unstable();
            mine.dedup();
        }
    }
}
