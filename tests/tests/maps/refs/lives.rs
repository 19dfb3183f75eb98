//! What such maps hold, and until when.

use super::*;

fn by_id(bench: &mut Bench, command: u32, id: u32) -> Said {
    bench.call(command, &GetIdAttr { id, ..GetIdAttr::default() })
}

/// Nobody holds it any more. A real kernel empties an array of programs a little later.
fn is_gone(bench: &mut Bench, command: u32, id: u32) -> bool {
    (0..200_000).any(|_| match by_id(bench, command, id) {
        Ok(fd) => {
            bench.close(fd as u32);
            false
        }
        Err(errno) => {
            assert_eq!(errno, Errno::ENOENT);
            true
        }
    })
}

/// A lookup answers an id, and the object lives as long as somebody holds it: an fd, or a map.
#[rstest]
#[case::programs(map::PROG_ARRAY, Value::Prog, cmd::PROG_BY_ID)]
#[case::array_of_maps(map::ARRAY_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
#[case::hash_of_maps(map::HASH_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
fn ids_and_lives(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(Do::Delete(0), Do::Update(0, Value::Words(0, 0), flag::ANY))] end: Do,
    #[case] map_type: u32,
    #[case] value: Value,
    #[case] command: u32,
) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map_type, 4);
    for _ in 0..3 {
        assert_eq!(stage.run(Do::Update(0, value, flag::ANY)), OK);
    }
    let id = stage.run(Do::Lookup(0)).expect("an id");
    assert_eq!(stage.run(Do::Lookup(0)), Ok(id));
    let (prog, inner) = (stage.prog, stage.inner);
    stage.bench.close(prog);
    stage.bench.close(inner);
    let fd = by_id(&mut stage.bench, command, id).expect("the map holds it") as u32;
    stage.bench.close(fd);
    // An update puts another one in its place.
    let other = match value {
        Value::Prog => programs::load(&mut stage.bench, &RETURN).expect("a program") as u32,
        _ => stage.bench.create(wanted(map::ARRAY, 8, 1)),
    };
    let end = match end {
        Do::Update(key, _, flags) => Do::Update(key, Value::Words(other, 0), flags),
        end => end,
    };
    assert_eq!(stage.run(end), OK);
    assert!(is_gone(&mut stage.bench, command, id), "nobody holds it");
}

/// A map that goes lets go what it held.
#[rstest]
#[case::programs(map::PROG_ARRAY, Value::Prog, cmd::PROG_BY_ID)]
#[case::array_of_maps(map::ARRAY_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
#[case::hash_of_maps(map::HASH_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
fn the_last_fd(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] value: Value,
    #[case] command: u32,
) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map_type, 4);
    assert_eq!(stage.run(Do::Update(1, value, flag::ANY)), OK);
    let id = stage.run(Do::Lookup(1)).expect("an id");
    let (prog, inner, fd) = (stage.prog, stage.inner, stage.fd);
    stage.bench.close(prog);
    stage.bench.close(inner);
    assert!(by_id(&mut stage.bench, command, id).map(|fd| stage.bench.close(fd as u32)).is_ok());
    stage.bench.close(fd);
    assert!(is_gone(&mut stage.bench, command, id));
}

/// A PROG_ARRAY that only programs hold is emptied: one that names the array and stands in it does
/// not keep itself alive.
#[rstest]
fn a_program_in_its_own_array(#[values(World::Simulated, World::Native)] world: World) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map::PROG_ARRAY, 4);
    let [first, second] = programs::load_map(1, stage.fd);
    let own = [first, second, programs::mov(0, 0), programs::EXIT];
    stage.prog = programs::load(&mut stage.bench, &own).expect("a program") as u32;
    assert_eq!(stage.run(Do::Update(0, Value::Prog, flag::ANY)), OK);
    let id = stage.run(Do::Lookup(0)).expect("an id");
    let (prog, fd) = (stage.prog, stage.fd);
    stage.bench.close(prog);
    let held = by_id(&mut stage.bench, cmd::PROG_BY_ID, id).expect("the array holds it");
    stage.bench.close(held as u32);
    stage.bench.close(fd);
    assert!(is_gone(&mut stage.bench, cmd::PROG_BY_ID, id));
}

/// What goes into a map of maps has to be like the first.
#[rstest]
#[case::the_same(0, wanted(map::ARRAY, 8, 1), OK)]
#[case::other_type(0, wanted(map::HASH, 8, 1), INVALID)]
#[case::other_value(0, wanted(map::ARRAY, 16, 1), INVALID)]
#[case::other_entries(0, wanted(map::ARRAY, 8, 2), INVALID)]
#[case::other_flags(0, Wanted { flags: create::RDONLY_PROG, ..wanted(map::ARRAY, 8, 1) }, INVALID)]
#[case::marked_entries(
    create::INNER_MAP,
    Wanted { flags: create::INNER_MAP, ..wanted(map::ARRAY, 8, 2) },
    OK
)]
#[case::marked_and_not(create::INNER_MAP, wanted(map::ARRAY, 8, 1), INVALID)]
fn likeness(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY_OF_MAPS, map::HASH_OF_MAPS)] outer: u32,
    #[case] flags: u32,
    #[case] second: Wanted,
    #[case] expected: Result<u32, Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let first = bench.create(Wanted { flags, ..wanted(map::ARRAY, 8, 1) });
    let mut stage = of_maps(bench, outer, first);
    stage.inner = stage.bench.create(second);
    assert_eq!(stage.run(Do::Update(0, Value::Map, flag::ANY)), expected);
}

fn of_maps(mut bench: Bench, map_type: u32, inner: u32) -> Stage {
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 2,
        inner_map_fd: inner,
        ..MapCreateAttr::default()
    };
    let fd = bench.call(cmd::MAP_CREATE, &arm).expect("a map of maps") as u32;
    Stage { bench, fd, value_size: 4, prog: 0, inner }
}

/// The number of entries of other types counts no more (v5.10).
#[rstest]
#[case::hash("5.9", map::HASH, INVALID)]
#[case::hash("5.10", map::HASH, OK)]
#[case::array("5.10", map::ARRAY, INVALID)]
#[case::hash("7.2", map::HASH, OK)]
fn entries_by_release(
    #[case] release: &str,
    #[case] inner: u32,
    #[case] expected: Result<u32, Errno>,
) {
    let mut bench = Bench::at(release);
    let first = bench.create(wanted(inner, 8, 1));
    let mut stage = of_maps(bench, map::ARRAY_OF_MAPS, first);
    stage.inner = stage.bench.create(wanted(inner, 8, 3));
    assert_eq!(stage.run(Do::Update(0, Value::Map, flag::ANY)), expected);
}

/// The map that a map of maps is made with.
#[rstest]
#[case::no_fd(None, Err(Errno::EBADF))]
#[case::array(Some((map::ARRAY, 8)), Ok(()))]
#[case::programs(Some((map::PROG_ARRAY, 4)), Err(Errno::ENOTSUPP))]
#[case::devices(Some((map::DEVMAP, 4)), Ok(()))]
#[case::sockets(Some((map::SOCKMAP, 4)), Ok(()))]
fn inner_maps(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY_OF_MAPS, map::HASH_OF_MAPS)] map_type: u32,
    #[case] inner: Option<(u32, u32)>,
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let inner_map_fd =
        inner.map_or(NO_FD, |(map_type, value)| bench.create(wanted(map_type, value, 1)));
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 2,
        inner_map_fd,
        ..MapCreateAttr::default()
    };
    let said = bench.call(cmd::MAP_CREATE, &arm);
    assert_eq!(said.map(|_| ()), expected);
    if let Ok(fd) = said {
        let nested = MapCreateAttr { inner_map_fd: fd as u32, ..arm };
        assert_eq!(bench.call(cmd::MAP_CREATE, &nested), Err(Errno::EINVAL), "two levels");
    }
    let bad = MapCreateAttr { value_size: 8, inner_map_fd: NO_FD, ..arm };
    assert_eq!(bench.call(cmd::MAP_CREATE, &bad), Err(Errno::EINVAL), "sizes come first");
}

/// What lookups said when ids did not exist, and what "no lookup" was called.
#[rstest]
#[case::programs("4.12", map::PROG_ARRAY, 4, MISSING)]
#[case::events("4.12", map::PERF_EVENT_ARRAY, 4, MISSING)]
#[case::events("4.13", map::PERF_EVENT_ARRAY, 4, NOT_HERE)]
#[case::maps("4.12", map::ARRAY_OF_MAPS, 4, NOT_HERE)]
#[case::maps("4.13", map::ARRAY_OF_MAPS, 4, MISSING)]
#[case::hash_of_maps("4.12", map::HASH_OF_MAPS, 4, NOT_HERE)]
#[case::hash_of_maps("4.13", map::HASH_OF_MAPS, 4, MISSING)]
#[case::xsk("4.19", map::XSKMAP, 4, MISSING)]
#[case::xsk("4.20", map::XSKMAP, 4, UNSUPPORTED)]
#[case::sockets("4.19", map::SOCKMAP, 4, MISSING)]
#[case::sockets("4.20", map::SOCKMAP, 4, UNSUPPORTED)]
#[case::sockets("5.7", map::SOCKMAP, 4, NO_SPACE)]
#[case::sockets("5.7", map::SOCKMAP, 8, MISSING)]
fn lookups_by_release(
    #[case] release: &str,
    #[case] map_type: u32,
    #[case] value_size: u32,
    #[case] expected: Result<u32, Errno>,
) {
    let mut stage = stage(Bench::at(release), map_type, value_size);
    assert_eq!(stage.run(Do::Lookup(0)), expected);
}

/// Programs of one array are of one type; `expected_attach_type` counts from v6.18 on.
#[rstest]
fn one_type(#[values(World::Simulated, World::Native)] world: World) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map::PROG_ARRAY, 4);
    assert_eq!(stage.run(Do::Update(0, Value::Prog, flag::ANY)), OK);
    let arm = programs::arm(&mut stage.bench, &RETURN);
    let other = bpfsim_abi::attr::ProgLoadAttr { prog_type: 3, ..arm };
    stage.prog = stage.bench.call(cmd::PROG_LOAD, &other).expect("a program") as u32;
    assert_eq!(stage.run(Do::Update(1, Value::Prog, flag::ANY)), INVALID);
    // The array remembers, empty or not.
    assert_eq!(stage.run(Do::Delete(0)), OK);
    assert_eq!(stage.run(Do::Update(1, Value::Prog, flag::ANY)), INVALID);
}
