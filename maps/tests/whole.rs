//! Map types that answer at once: one step for an operation, and nothing before the gate opens.

use bpfsim_maps::create::{Around, Create, Locked, Rights, alloc, build};
use bpfsim_maps::kinds::Verb;
use bpfsim_maps::op::Todo;
use bpfsim_maps::{Map, Op};
use bpfsim_sim::gate::Gate;
use bpfsim_sim::hw::Cpu;
use bpfsim_sim::{Cx, Hw, Place, Step, Topology, Yield};

/// Lets so many steps through, and writes down which were asked for.
struct Turnstile {
    open: usize,
    asked: Vec<Step>,
}

impl Gate for Turnstile {
    fn pass(&mut self, step: Step) -> bool {
        self.asked.push(step);
        self.asked.len() <= self.open
    }
}

fn queue(hw: &mut Hw) -> Map {
    let around = Around {
        release: "6.18".parse().expect("a release"),
        series: None,
        cpus: &Topology::all_online(1),
        nr_cpus: 1,
        seed: 0,
        rights: Rights { sys_admin: true, bpf: true, net_admin: true },
        locked: Locked::default(),
    };
    let args = Create { map_type: 22, value_size: 16, max_entries: 2, ..Create::default() };
    let (shape, _) = alloc(&args, &around).expect("good arguments");
    build(&mut hw.mem, shape, &around).expect("room")
}

fn run(op: &mut Op, map: &Map, hw: &mut Hw, open: usize) -> (Yield, Vec<Step>) {
    let mut gate = Turnstile { open, asked: Vec::new() };
    let yielded = op.run(map, &mut Cx { hw, cpu: 0, me: 0, watched: true, gate: &mut gate });
    (yielded, gate.asked)
}

#[test]
fn a_push_is_one_step() {
    let mut hw = Hw { cpus: vec![Cpu { online: true, ..Cpu::default() }], ..Hw::default() };
    let map = queue(&mut hw);
    let value = Place::new(hw.mem.add_private(2), 0);
    hw.mem.write(value, &[7; 16]).expect("inside");
    let push = Op::new(Place::NULL, Todo::Own(Verb::Push { value, flags: 0 }));
    let before = hw.clone();
    let (mut shut, mut open) = (push, push);
    assert_eq!(run(&mut shut, &map, &mut hw, 0).0, Yield::Stopped);
    assert_eq!(hw.mem, before.mem, "nothing happens before the step");
    let (yielded, asked) = run(&mut open, &map, &mut hw, 1);
    assert_eq!((yielded, open.result), (Yield::Done, Ok(0)));
    let at = Place::new(map.region(), 0);
    assert_eq!(asked, [Step::Atomic { at, bytes: 8 }]);
    assert_ne!(hw.mem, before.mem);
    // All words of the map count as one slot.
    let granule = map.granule(at.plus(40));
    assert_eq!(
        (granule.first, granule.words as usize),
        (0, hw.mem.region(map.region()).words().len())
    );
}
