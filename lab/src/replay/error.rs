//! Why a token cannot be replayed.

use super::token::TokenError;
use crate::experiment::SetupError;
use bpfsim_maps::percpu;
use bpfsim_sim::Slot;
use std::fmt;

/// Why a token cannot be replayed. Its text says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// It is no token.
    Token(TokenError),
    /// Nothing that is built in has this digest.
    NotBuiltIn(u64),
    /// The scenario has another digest than the token.
    OtherScenario {
        /// The token's.
        token: u64,
        /// The scenario's.
        scenario: u64,
        /// The scenario's name.
        name: String,
    },
    /// No such series in this build.
    UnknownSeries(String),
    /// The scenario does not run under the series.
    Setup(String, Box<SetupError>),
    /// A slot is to move that cannot.
    DoesNotFit {
        /// Its position in the order, from 1.
        step: usize,
        /// Which.
        slot: Slot,
    },
    /// Frames can still move at the end of the order.
    EndsEarly {
        /// How long the order is.
        steps: usize,
    },
    /// A unit both shows steps and does not.
    Confused(Slot),
}

/// The usual reason, and the way out.
const WAY_OUT: &str = "the token was made with another version, kernel or limit; explore again";

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Token(error) => error.fmt(f),
            ReplayError::NotBuiltIn(digest) => write!(
                f,
                "the token is of a scenario that is not built in (digest {digest:016x}): \
                 pass --scenario FILE"
            ),
            ReplayError::OtherScenario { token, scenario, name } => write!(
                f,
                "the token is of another scenario: its digest is {token:016x}, that of {name} is \
                 {scenario:016x}; pass the file that it was made from"
            ),
            ReplayError::UnknownSeries(name) => {
                let known: Vec<&str> = percpu::all().iter().map(|series| series.label()).collect();
                write!(f, "no series '{name}' in this build: it has {}", known.join(", "))
            }
            ReplayError::Setup(series, error) => write!(f, "under {series}: {error}"),
            ReplayError::DoesNotFit { step, slot } => {
                write!(f, "the order does not fit: step {step}: slot {slot} cannot move; {WAY_OUT}")
            }
            ReplayError::EndsEarly { steps } => write!(
                f,
                "the order does not fit: something can still move after its {steps} steps; \
                 {WAY_OUT}"
            ),
            ReplayError::Confused(slot) => {
                write!(f, "slot {slot} shows steps that no exploration has seen; {WAY_OUT}")
            }
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<TokenError> for ReplayError {
    fn from(error: TokenError) -> Self {
        ReplayError::Token(error)
    }
}
