//! One writer on one CPU, one reader on another, for one gap.

use super::class::{Class, classify};
use super::programs;
use crate::cpus::Pinned;
use crate::failed::{Failed, Skipped};
use crate::native::Native;
use crate::sys::{MapKind, NativeMap, OwnProgram};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Runs of the writer within one call: some milliseconds, so that it stops soon after it is told.
const RUNS_PER_CALL: u32 = 20_000;
/// Reads between two looks at the clock and at whether the writer is running.
const BATCH: u64 = 64;
/// How long the reader sleeps when the writer stood still: another task may have its CPU.
const NAP: Duration = Duration::from_micros(50);
/// How long the writer may stand still before its first run, or from the start of a row.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a value comes to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// `BPF_MAP_LOOKUP_ELEM` of the per-CPU map: the reader's CPU copies the words.
    WordCopy,
    /// The copier in an interrupt on the writer's CPU, then a lookup of its copy.
    IpiCopy,
}

/// Where the two sides run, and on what.
#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) writer_cpu: u32,
    pub(super) reader_cpu: u32,
    pub(super) fields: u32,
    pub(super) gap: u32,
}

/// What a reader saw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) reads: u64,
    pub(super) idle: u64,
    pub(super) updates: u64,
    pub(super) whole: u64,
    pub(super) mid_update: u64,
    pub(super) mixed: u64,
}

impl Counts {
    fn count(&mut self, fields: &[u64]) {
        self.reads += 1;
        match classify(fields) {
            Class::Whole => self.whole += 1,
            Class::MidUpdate => self.mid_update += 1,
            Class::Mixed => self.mixed += 1,
        }
    }

    /// Adds a batch during which the writer made `updates` runs. Without any, its values are one
    /// and the same state read again and again, and tell nothing.
    fn add(&mut self, batch: Counts, updates: u64) {
        if updates == 0 {
            self.idle += batch.reads;
            return;
        }
        self.updates += updates;
        self.reads += batch.reads;
        self.whole += batch.whole;
        self.mid_update += batch.mid_update;
        self.mixed += batch.mixed;
    }
}

/// The maps and programs of one gap, with the writer running. Dropping it stops the writer.
pub(super) struct Race {
    // First, so that the writer has stopped before the rest goes.
    writer: Writer,
    slots: NativeMap,
    copy: NativeMap,
    copier: OwnProgram,
    slot: usize,
    setup: Setup,
}

impl Race {
    /// Loads everything, starts the writer, and waits for its first run.
    pub(super) fn start(native: &Native, setup: Setup) -> Result<Self, Skipped> {
        let size = setup.fields * 8;
        let slots = native.map(MapKind::PercpuArray, size, 1)?;
        let copy = native.map(MapKind::Array, size, 1)?;
        let copier = programs::copier(&slots, &copy, setup.fields)?;
        let program = programs::writer(&slots, setup.fields, setup.gap)?;
        let slot = native.possible().iter().position(|cpu| *cpu == setup.writer_cpu);
        let slot = slot.ok_or_else(|| {
            Skipped::new(format!("CPU {} is online but not possible", setup.writer_cpu))
        })?;
        let writer = Writer::start(program, setup.writer_cpu)?;
        let mut race = Self { writer, slots, copy, copier, slot, setup };
        race.wait_for_first_run()?;
        Ok(race)
    }

    fn wait_for_first_run(&mut self) -> Result<(), Skipped> {
        let start = Instant::now();
        let mut buffer = Buffer::default();
        while self.read_words(&mut buffer)?[0] == 0 {
            self.writer.check()?;
            self.still_in_time(start)?;
            thread::sleep(NAP);
        }
        Ok(())
    }

    /// Reads and classes values until there are `reads` of them or `budget` is over. Skipped when
    /// the writer stood still all the time.
    pub(super) fn read(
        &mut self,
        reader: Reader,
        reads: u64,
        budget: Duration,
    ) -> Result<Counts, Skipped> {
        let _here = Pinned::to(self.setup.reader_cpu)?;
        let start = Instant::now();
        let mut buffer = Buffer::default();
        let mut counts = Counts::default();
        let mut before = self.read_words(&mut buffer)?[0];
        while counts.reads < reads && (start.elapsed() < budget || counts.reads == 0) {
            let mut batch = Counts::default();
            for _ in 0..BATCH.min(reads - counts.reads) {
                batch.count(match reader {
                    Reader::WordCopy => self.read_words(&mut buffer)?,
                    Reader::IpiCopy => self.read_by_ipi(&mut buffer)?,
                });
            }
            let after = self.read_words(&mut buffer)?[0];
            counts.add(batch, after.saturating_sub(before));
            if after == before {
                self.writer.check()?;
                if counts.reads == 0 {
                    self.still_in_time(start)?;
                }
                thread::sleep(NAP);
            }
            before = after;
        }
        Ok(counts)
    }

    fn still_in_time(&self, start: Instant) -> Result<(), Skipped> {
        if start.elapsed() <= PATIENCE {
            return Ok(());
        }
        let cpu = self.setup.writer_cpu;
        Err(Skipped::new(format!("the writer got no time on CPU {cpu}: is something else busy?")))
    }

    fn read_words<'b>(&self, buffer: &'b mut Buffer) -> Result<&'b [u64], Failed> {
        self.slots.lookup(0, &mut buffer.bytes)?;
        let slot = self.setup.fields as usize * 8;
        Ok(buffer.words(self.slot * slot, slot))
    }

    fn read_by_ipi<'b>(&self, buffer: &'b mut Buffer) -> Result<&'b [u64], Skipped> {
        if self.copier.run_on_cpu(self.setup.writer_cpu)? != 1 {
            return Err(Skipped::new("the copying program found no value to copy"));
        }
        self.copy.lookup(0, &mut buffer.bytes)?;
        Ok(buffer.words(0, self.setup.fields as usize * 8))
    }
}

/// What a lookup wrote, and its words.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    words: Vec<u64>,
}

impl Buffer {
    fn words(&mut self, at: usize, len: usize) -> &[u64] {
        self.words.clear();
        let (words, _) = self.bytes[at..at + len].as_chunks::<8>();
        self.words.extend(words.iter().map(|word| u64::from_ne_bytes(*word)));
        &self.words
    }
}

/// A thread that runs a program again and again on one CPU. Stopped and joined on drop.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), Skipped>>>,
}

impl Writer {
    fn start(program: OwnProgram, cpu: u32) -> Result<Self, Skipped> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let body = move || {
            let _here = Pinned::to(cpu)?;
            // An Ethernet header is the least that the kernel takes (`bpf_test_init`).
            let packet = [0; 64];
            while !told.load(Ordering::Relaxed) {
                if program.run_on_packet(&packet, RUNS_PER_CALL)? != 1 {
                    return Err(Skipped::new("the writing program found no value to write"));
                }
            }
            Ok(())
        };
        let thread = thread::Builder::new().name("writer".to_owned()).spawn(body);
        let thread = thread.map_err(|e| Skipped::new(format!("cannot start a thread: {e}")))?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Says why the writer has ended, if it has.
    fn check(&mut self) -> Result<(), Skipped> {
        match self.thread.take_if(|thread| thread.is_finished()) {
            Some(thread) => match thread.join() {
                Ok(Err(why)) => Err(why),
                Ok(Ok(())) | Err(_) => Err(Skipped::new("the writer ended by itself")),
            },
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its error was asked for by `check`; here it only has to be gone.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_without_an_update_are_idle() {
        let mut batch = Counts::default();
        for value in [[3, 3], [4, 3], [3, 4]] {
            batch.count(&value);
        }
        let mut counts = Counts::default();
        counts.add(batch, 0);
        assert_eq!((counts.reads, counts.idle, counts.updates), (0, 3, 0));
        assert_eq!((counts.whole, counts.mid_update, counts.mixed), (0, 0, 0));
        counts.add(batch, 5);
        assert_eq!((counts.reads, counts.idle, counts.updates), (3, 3, 5));
        assert_eq!((counts.whole, counts.mid_update, counts.mixed), (1, 1, 1));
    }

    #[test]
    fn words_are_taken_from_one_slot() {
        let bytes: Vec<u8> = [1u64, 2, 3, 4].iter().flat_map(|w| w.to_ne_bytes()).collect();
        let mut buffer = Buffer { bytes, words: Vec::new() };
        assert_eq!(buffer.words(16, 16), [3, 4]);
        assert_eq!(buffer.words(0, 16), [1, 2]);
    }
}
