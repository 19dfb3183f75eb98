//! The scenario of a case: the file's own, in the case's setting.

use super::list::{CLAIMS, file};
use crate::scenario::{Case, CopyPlan, Scenario, parse};
use bpfsim_maps::percpu;

/// The scenario as a case has it: what runs, in which context, and what is expected.
pub(super) fn of_case(scenario: &Scenario, case: &Case) -> Scenario {
    let mut scenario = scenario.clone();
    if let Some(runs) = &case.runs {
        scenario.runs.retain(|run| runs.contains(&run.prog));
    }
    if let Some(threads) = &case.threads {
        scenario.threads.retain(|thread| threads.contains(&thread.name));
    }
    if let Some((ctx, irqs)) = case.context {
        for run in &mut scenario.runs {
            (run.ctx, run.irqs) = (ctx, irqs);
        }
    }
    if let Some(plan) = case.copy {
        let series = case.expects.iter().map(|expect| expect.series.clone());
        scenario.explore.copy = series.map(|name| (name, vec![plan])).collect();
    }
    scenario.expects.clone_from(&case.expects);
    scenario
}

/// The copy plan of a series in a scenario.
pub(super) fn plan(scenario: &Scenario, series: &str) -> CopyPlan {
    scenario.explore.copy_for(series).first().copied().unwrap_or(CopyPlan::WordAsc)
}

/// The scenario that a token of a claim means, by its digest: that of a file, or of a case.
pub fn find_scenario(digest: u64) -> Option<Scenario> {
    CLAIMS.iter().find_map(|(id, _)| find_in(id, digest))
}

/// The same, in the file of one claim.
pub(super) fn find_in(id: &str, digest: u64) -> Option<Scenario> {
    let (name, text) = file(id)?;
    let parsed = parse(text, &name, percpu::NAMES).ok()?;
    let cases = parsed.claim.iter().flat_map(|claim| &claim.cases);
    let set = cases.map(|case| of_case(&parsed.scenario, case));
    let mut all = std::iter::once(parsed.scenario.clone()).chain(set);
    all.find(|scenario| scenario.digest() == digest)
}
