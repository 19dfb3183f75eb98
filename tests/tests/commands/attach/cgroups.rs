//! Lists of programs of cgroups.

use super::*;

/// Flags of a cgroup's first program decide what comes after it and below it.
#[rstest]
#[case::again(0, 1, 0, Ok(0))]
#[case::below_none(0, 2, 0, Err(Errno::EPERM))]
#[case::below_override(OVERRIDE, 2, OVERRIDE, Ok(0))]
#[case::none_below_override(OVERRIDE, 2, 0, Ok(0))]
#[case::above(0, 0, 0, Ok(0))]
#[case::other_flags(0, 1, OVERRIDE, Err(Errno::EPERM))]
#[case::multi(MULTI, 1, MULTI, Ok(0))]
#[case::below_multi(MULTI, 2, 0, Ok(0))]
#[case::both(MULTI, 1, MULTI | OVERRIDE, Err(Errno::EINVAL))]
#[case::replace_alone(MULTI, 1, REPLACE, Err(Errno::EINVAL))]
fn hierarchy(#[case] first: u32, #[case] group: usize, #[case] flags: u32, #[case] said: Said) {
    let mut tree = Tree::new("5.10");
    let (a, b) = (tree.skb(), tree.skb());
    assert_eq!(tree.attach(1, a, first), Ok(0));
    assert_eq!(tree.attach(group, b, flags), said);
}

/// Up to v4.14 those below must open themselves as far as those above.
#[rstest]
#[case::below_override("4.14", OVERRIDE, 2, 0, Err(Errno::EPERM))]
#[case::both_override("4.14", OVERRIDE, 2, OVERRIDE, Ok(0))]
#[case::below_none("4.10", 0, 2, OVERRIDE, Err(Errno::EPERM))]
#[case::again("4.10", 0, 1, 0, Ok(0))]
#[case::other_flags("4.10", 0, 1, OVERRIDE, Err(Errno::EPERM))]
#[case::no_lists("4.14", 0, 1, MULTI, Err(Errno::EINVAL))]
fn hierarchy_of_one_program(
    #[case] release: &str,
    #[case] first: u32,
    #[case] group: usize,
    #[case] flags: u32,
    #[case] said: Said,
) {
    let mut tree = Tree::new(release);
    let (a, b) = (tree.skb(), tree.skb());
    assert_eq!(tree.attach(1, a, first), Ok(0));
    assert_eq!(tree.attach(group, b, flags), said);
    assert_eq!(tree.detach(1, 0), Ok(0));
    assert_eq!(tree.detach(1, 0), Err(Errno::ENOENT));
}

#[test]
fn lists_of_a_cgroup() {
    let mut tree = Tree::new("5.10");
    let programs = [tree.skb(), tree.skb(), tree.skb()];
    for program in &programs[..2] {
        assert_eq!(tree.attach(1, *program, MULTI), Ok(0));
    }
    assert_eq!(tree.attach(1, programs[0], MULTI), Err(Errno::EINVAL), "it is there already");
    assert_eq!(tree.attach(2, programs[2], 0), Ok(0));
    assert_eq!(tree.list(1, 0), (vec![1, 2], MULTI));
    assert_eq!(tree.list(2, 0), (vec![3], 0));
    assert_eq!(tree.list(2, 1), (vec![3, 1, 2], 0), "its own, then those above");
    assert_eq!(tree.list(0, 1), (vec![], 0));
    assert_eq!(tree.detach(1, 0), Err(Errno::EINVAL), "which one");
    assert_eq!(tree.detach(1, programs[2]), Err(Errno::ENOENT));
    tree.bench.close(programs[0]);
    assert_eq!(tree.list(1, 0), (vec![1, 2], MULTI), "the cgroup holds it");
    assert_eq!(tree.detach(1, programs[1]), Ok(0));
    assert_eq!(tree.list(1, 0), (vec![1], MULTI));
}

/// `BPF_F_REPLACE` (v5.6): the new program stands where the old one stood.
#[rstest]
#[case::replaces("5.6", 1, Ok(0), &[1, 3])]
#[case::not_there("5.6", 3, Err(Errno::ENOENT), &[1, 2])]
#[case::too_early("5.5", 1, Err(Errno::EINVAL), &[1, 2])]
fn replacing(#[case] release: &str, #[case] old: usize, #[case] said: Said, #[case] ids: &[u32]) {
    let mut tree = Tree::new(release);
    let programs = [tree.skb(), tree.skb(), tree.skb(), tree.skb()];
    assert_eq!(tree.attach(1, programs[0], MULTI), Ok(0));
    assert_eq!(tree.attach(1, programs[1], MULTI), Ok(0));
    let words = [tree.groups[1], programs[2], 0, MULTI | REPLACE, programs[old]];
    let words = if release == "5.5" { &words[..4] } else { &words[..] };
    assert_eq!(call(&mut tree.bench, ATTACH, words), said);
    assert_eq!(tree.list(1, 0).0, ids);
}

/// v6.17: where in the list, and a count of changes.
#[test]
fn order_in_a_cgroup() {
    let mut tree = Tree::new("6.17");
    let programs = [tree.skb(), tree.skb(), tree.skb()];
    let group = tree.groups[1];
    let mut attach = |program: u32, flags: u32, relative: u32, revision: u32| {
        let words = [group, program, 0, flags, 0, relative, revision, 0];
        call(&mut tree.bench, ATTACH, &words)
    };
    assert_eq!(attach(programs[0], MULTI, 0, 9), Err(Errno::ESTALE));
    assert_eq!(attach(programs[0], MULTI, 0, 1), Ok(0));
    assert_eq!(attach(programs[1], MULTI | BEFORE, programs[0], 2), Ok(0));
    assert_eq!(attach(programs[2], MULTI, programs[0], 0), Err(Errno::EINVAL), "on which side");
    let beside = MULTI | BEFORE | PREORDER;
    assert_eq!(attach(programs[2], beside, programs[0], 0), Err(Errno::EINVAL), "unlike it");
    assert_eq!(attach(programs[2], MULTI | PREORDER, 0, 0), Ok(0));
    assert_eq!(tree.list(1, 0).0, [2, 1, 3]);
    assert_eq!(tree.list(1, 1).0, [3, 2, 1], "what comes early runs first");
}

/// v6.17 and v7.0 write the revision whether or not the attr is that long.
#[rstest]
#[case("6.16", 0)]
#[case("6.17", 1)]
#[case("7.1", 0)]
fn a_revision_behind_the_attr(#[case] release: &str, #[case] expected: u64) {
    let mut tree = Tree::new(release);
    let arm = QueryAttr { target_fd: tree.groups[0], ..QueryAttr::default() };
    let at = tree.bench.alloc(arm.as_bytes());
    assert_eq!(tree.bench.call_at(QUERY, at, 40), Ok(0));
    let behind = tree.bench.read(at, 64)[56..].to_vec();
    assert_eq!(behind, expected.to_le_bytes());
}
