//! The race of the model, on the real kernel.
//!
//! ```text
//! CPU a, writer: socket filter under TEST_RUN, interrupts on: f0 += 1, gap, f1 += 1, ...
//! CPU b, word copy: BPF_MAP_LOOKUP_ELEM of the per-CPU array, slot of CPU a
//!        IPI copy:  a raw-tracepoint program copies the slot in an interrupt on CPU a, then a
//!                   lookup of its copy
//! ```
//!
//! The second is the reading by `smp_call_function_single` of 2016 on today's kernel, and nothing
//! is attached for it. Only values are classed ([`Class`]): counts say what this machine did in
//! this run, never what a kernel can do.

mod class;
mod programs;
mod race;
mod table;

pub use class::{Class, classify};

use crate::cpus;
use crate::failed::Skipped;
use crate::native::Native;
use race::{Race, Reader, Setup};
use std::time::{Duration, Instant};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// u64 fields of the value, 2 to 16.
    pub fields: u32,
    /// Instructions between the stores to two fields, each at most 10,000; one row per reader each.
    pub gaps: Vec<u32>,
    /// Values to read for each row, at least one.
    pub reads: u64,
    /// Wall time for all rows together. A row that has used its share ends with fewer reads.
    pub budget: Duration,
    /// The designs for which the word copy stands, as the caller names them.
    pub word_copy: Vec<String>,
    /// The designs for which the IPI copy stands, as the caller names them.
    pub ipi_copy: Vec<String>,
}

impl Default for Options {
    /// Two fields; gaps 0, 32 and 1000; 100,000 reads a row, 2.5 seconds in all; no names.
    fn default() -> Self {
        Self {
            fields: 2,
            gaps: vec![0, 32, 1000],
            reads: 100_000,
            budget: Duration::from_millis(2500),
            word_copy: Vec::new(),
            ipi_copy: Vec::new(),
        }
    }
}

/// What was measured, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// As `uname -sr` prints it.
    pub kernel: String,
    /// The CPU's model name, and how many are online.
    pub machine: String,
    /// The CPU that wrote.
    pub writer_cpu: u32,
    /// The CPU that read.
    pub reader_cpu: u32,
    /// u64 fields of the value.
    pub fields: u32,
    /// Two for each gap, in the order of [`Options::gaps`]: the word copy, then the IPI copy.
    pub rows: Vec<MeasuredRow>,
}

/// One reader at one gap. `whole`, `mid_update` and `mixed` add up to `reads`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredRow {
    /// `word copy` or `IPI copy`.
    pub reader: &'static str,
    /// The designs that it stands for, as the caller named them.
    pub series: Vec<String>,
    /// Instructions between two stores of the writer.
    pub gap: u32,
    /// Values read while the writer ran; fewer than asked for when the time was over.
    pub reads: u64,
    /// Values read in batches during which the writer's first field stood still, since another
    /// task had its CPU, say. They are in no other count.
    pub idle: u64,
    /// Runs that the writer began during the batches that count.
    pub updates: u64,
    /// Values of [`Class::Whole`].
    pub whole: u64,
    /// Values of [`Class::MidUpdate`].
    pub mid_update: u64,
    /// Values of [`Class::Mixed`].
    pub mixed: u64,
}

/// Runs the race on this machine, for [`Options::budget`] and some ten milliseconds. The writer has
/// ended, and maps and programs are closed, when it returns.
///
/// Skipped where bpf(2) does not answer, fewer than two CPUs can be used, the kernel has no
/// `BPF_F_TEST_RUN_ON_CPU` (v5.10), the writer gets no time on its CPU for a second, or an option
/// is out of its range.
pub fn measure(options: &Options) -> Result<Measurement, Skipped> {
    check(options)?;
    let native = Native::probe()?;
    let allowed = cpus::allowed()?;
    let (Some(&reader_cpu), Some(&writer_cpu)) = (allowed.first(), allowed.get(1)) else {
        let count = allowed.len();
        return Err(Skipped::new(format!("{count} CPU to run on: two CPUs are needed")));
    };
    let end = Instant::now() + options.budget;
    let mut rows = Vec::with_capacity(2 * options.gaps.len());
    for (done, &gap) in options.gaps.iter().enumerate() {
        let left = (options.gaps.len() - done) as u32;
        let gap_end = Instant::now() + end.saturating_duration_since(Instant::now()) / left;
        let setup = Setup { writer_cpu, reader_cpu, fields: options.fields, gap };
        let mut race = Race::start(&native, setup)?;
        // An interrupt takes many times as long as a lookup, so it gets what the lookups leave.
        for (reader, part) in [(Reader::WordCopy, 2), (Reader::IpiCopy, 1)] {
            let share = gap_end.saturating_duration_since(Instant::now()) / part;
            rows.push(row(&mut race, reader, gap, share, options)?);
        }
    }
    let (kernel, machine) = (table::kernel()?, table::machine(cpus::online()?.len()));
    Ok(Measurement { kernel, machine, writer_cpu, reader_cpu, fields: options.fields, rows })
}

fn check(options: &Options) -> Result<(), Skipped> {
    let (fields, gap) = (options.fields, options.gaps.iter().max().copied().unwrap_or(0));
    if !(2..=16).contains(&fields) {
        return Err(Skipped::new(format!("{fields} fields: give 2 to 16")));
    }
    if gap > 10_000 {
        return Err(Skipped::new(format!("a gap of {gap} instructions: give at most 10000")));
    }
    if options.reads == 0 || options.gaps.is_empty() {
        return Err(Skipped::new("nothing to measure: give at least one read and one gap"));
    }
    Ok(())
}

fn row(
    race: &mut Race,
    reader: Reader,
    gap: u32,
    share: Duration,
    options: &Options,
) -> Result<MeasuredRow, Skipped> {
    let counts = race.read(reader, options.reads, share)?;
    let (name, series) = match reader {
        Reader::WordCopy => ("word copy", &options.word_copy),
        Reader::IpiCopy => ("IPI copy", &options.ipi_copy),
    };
    Ok(MeasuredRow {
        reader: name,
        series: series.clone(),
        gap,
        reads: counts.reads,
        idle: counts.idle,
        updates: counts.updates,
        whole: counts.whole,
        mid_update: counts.mid_update,
        mixed: counts.mixed,
    })
}
