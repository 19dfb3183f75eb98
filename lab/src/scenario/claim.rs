//! A claim about designs, and the cases in which its scenario tests it.

use super::holds::Compare;
use super::model::Expect;
use super::names::{ClaimVerdict, CopyPlan, Ctx, Irqs, Quantity, Says};
use bpfsim_abi::Release;
use std::fmt;

/// `[claim]`: what somebody said, what is expected to become of it, and the evidence. Beside the
/// cases, calls with `says` are evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Short, as in `A11`.
    pub id: String,
    /// One sentence, in our own words.
    pub text: String,
    /// Who said it.
    pub who: String,
    /// What the model says about it, in one or two sentences: true as long as the evidence is as
    /// expected.
    pub because: String,
    /// What later kernels did to it.
    pub history: String,
    /// What the evidence is expected to come to.
    pub verdict: ClaimVerdict,
    /// The cases, in file order.
    pub cases: Vec<Case>,
}

/// `[[claim.case]]`: the scenario in one setting, and what is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// A few words.
    pub name: String,
    /// Which way it speaks when everything is as expected; absent, it is no evidence.
    pub says: Option<Says>,
    /// All runs are in this context, with interrupts like this.
    pub context: Option<(Ctx, Irqs)>,
    /// Only the runs of these programs; absent, all.
    pub runs: Option<Vec<String>>,
    /// Only these threads; absent, all.
    pub threads: Option<Vec<String>>,
    /// How values are copied; absent, as the scenario says.
    pub copy: Option<CopyPlan>,
    /// Another release than that of the series.
    pub kernel: Option<Release>,
    /// The program whose runs are weighed; absent, the scenario's first.
    pub prog: Option<String>,
    /// The map whose memory is weighed; absent, the scenario's first.
    pub map: Option<String>,
    /// What an exploration of each series is expected to find.
    pub expects: Vec<Expect>,
    /// What is expected of costs.
    pub weigh: Vec<Weighing>,
}

/// A comparison of costs: `instructions: A > B`, `memory: A < 4096`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighing {
    /// What is counted.
    pub what: Quantity,
    /// Of which series.
    pub left: String,
    /// The comparison.
    pub sign: Compare,
    /// With what.
    pub right: Amount,
}

/// The right side of a weighing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// The same of another series.
    Series(String),
    /// A number.
    Number(u64),
}

impl fmt::Display for Weighing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} ", self.what, self.left, self.sign.sign())?;
        match &self.right {
            Amount::Series(name) => f.write_str(name),
            Amount::Number(number) => write!(f, "{number}"),
        }
    }
}
