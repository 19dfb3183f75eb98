//! What the rows change about a scenario. A witness of a row is a schedule of such a variation,
//! so that whoever has the scenario can find what a token means.

use crate::scenario::{
    CpuArg, Ctx, Do, Irqs, ProgDef, ProgType, Run, Scenario, Source, Value, Verb,
};
use bpfsim_maps::percpu;
use bpfsim_maps::series::{Addition, HelperDoes, Series};

/// One change of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variation {
    /// Its runs in this context.
    Context(Ctx, Irqs),
    /// Its reader sets counters to zero instead, in softirq.
    Reset(Whose),
    /// CPU 0 does not run, and is read.
    Offline,
    /// The reader asks for a CPU that does not exist.
    OutOfRange,
    /// A program asks a helper for the value of a CPU that does not exist.
    StrayProgram(&'static str),
}

/// Whose counters are reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// CPU 0's.
    One,
    /// All of them, at once.
    All,
}

/// The contexts, in the order of the table.
pub const CONTEXTS: [(Ctx, Irqs); 5] = [
    (Ctx::Task, Irqs::On),
    (Ctx::Softirq, Irqs::On),
    (Ctx::Softirq, Irqs::Off),
    (Ctx::Hardirq, Irqs::ByEntry),
    (Ctx::Nmi, Irqs::ByEntry),
];

impl Variation {
    /// Every variation that some row explores.
    pub fn all() -> Vec<Variation> {
        let contexts = CONTEXTS.into_iter().map(|(ctx, irqs)| Variation::Context(ctx, irqs));
        let helpers = percpu::all().iter().filter_map(|series| stray_helper(series));
        contexts
            .chain([Variation::Reset(Whose::One), Variation::Reset(Whose::All)])
            .chain([Variation::Offline, Variation::OutOfRange])
            .chain(helpers.map(|proto| Variation::StrayProgram(proto.name)))
            .collect()
    }

    /// The scenario, changed.
    pub fn of(&self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        let past = scenario.machine.possible.iter().max().map_or(0, |last| last + 1);
        match self {
            Variation::Context(ctx, irqs) => in_context(&mut scenario, *ctx, *irqs),
            Variation::Reset(whose) => {
                in_context(&mut scenario, Ctx::Softirq, Irqs::On);
                let cpu = match whose {
                    Whose::One => CpuArg::One(0),
                    Whose::All => CpuArg::All,
                };
                replace_ops(&mut scenario, &|item| {
                    (item.verb, item.cpu, item.into) = (Verb::Update, Some(cpu), None);
                    item.value = Some(Value::Same(vec![0; 16]));
                });
            }
            Variation::Offline => {
                scenario.runs.clear();
                scenario.machine.online.retain(|cpu| *cpu != 0);
                replace_ops(&mut scenario, &|item| item.cpu = Some(CpuArg::One(0)));
            }
            Variation::OutOfRange => {
                scenario.runs.clear();
                replace_ops(&mut scenario, &|item| item.cpu = Some(CpuArg::One(past)));
            }
            Variation::StrayProgram(helper) => stray(&mut scenario, helper),
        }
        scenario
    }
}

fn in_context(scenario: &mut Scenario, ctx: Ctx, irqs: Irqs) {
    for run in &mut scenario.runs {
        (run.ctx, run.irqs) = (ctx, irqs);
    }
}

/// The first operation of every thread, turned into something else.
fn replace_ops(scenario: &mut Scenario, change: &dyn Fn(&mut Do)) {
    for thread in &mut scenario.threads {
        thread.for_series.clear();
        thread.ops.truncate(1);
        thread.ops.iter_mut().for_each(change);
    }
}

/// The helper by which a series lets a program name a CPU.
pub fn stray_helper(series: &Series) -> Option<bpfsim_abi::helper::HelperProto> {
    series.adds.iter().find_map(|added| match added.what {
        Addition::Helper {
            proto,
            does: HelperDoes::LookupUnchecked | HelperDoes::LookupChecked,
        } => Some(proto),
        Addition::Helper { does: HelperDoes::UpdateUnchecked, .. }
        | Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Flag { .. } => None,
    })
}

/// A program alone, which writes through whatever the helper answers for CPU 1000.
fn stray(scenario: &mut Scenario, helper: &str) {
    let map = scenario.maps.first().map_or("stats", |map| map.name.as_str());
    let text = format!(
        "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = {map} ll\nr3 = 1000\ncall {helper}\n\
         if r0 == 0 goto out\n*(u64 *)(r0 + 0) = 1\nout:\nr0 = 0\nexit\n"
    );
    scenario.threads.clear();
    scenario.progs = vec![ProgDef {
        name: "stray".to_owned(),
        source: Some(Source::Asm { text, line: 1 }),
        prog_type: ProgType::SOCKET_FILTER,
        for_series: Vec::new(),
    }];
    scenario.runs = vec![Run {
        prog: "stray".to_owned(),
        cpu: 0,
        ctx: Ctx::Softirq,
        irqs: Irqs::On,
        times: 1,
        data: Vec::new(),
    }];
}
