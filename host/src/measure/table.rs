//! A measurement as text, at most 72 columns wide, and the names of the machine.

use super::{MeasuredRow, Measurement};
use crate::failed::Skipped;
use nix::sys::utsname::uname;
use std::fmt::{self, Write};
use std::fs;

const COLUMNS: usize = 72;

/// As `uname -sr` prints it.
pub(super) fn kernel() -> Result<String, Skipped> {
    let name = uname().map_err(|e| Skipped::new(format!("uname(2) answers {e}")))?;
    let (system, release) = (name.sysname().to_string_lossy(), name.release().to_string_lossy());
    Ok(format!("{system} {release}"))
}

/// The model name of the first CPU, or the architecture, and how many CPUs are online.
pub(super) fn machine(online: usize) -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model_name(&info).map_or_else(|| std::env::consts::ARCH.to_owned(), str::to_owned);
    format!("{model}, {online} CPUs")
}

fn model_name(cpuinfo: &str) -> Option<&str> {
    cpuinfo.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name" && !value.trim().is_empty()).then(|| value.trim())
    })
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        wrapped(f, &format!("{}, {}", self.kernel, self.machine))?;
        let (writer, reader) = (self.writer_cpu, self.reader_cpu);
        let sides = format!("writer on CPU {writer}, reader on CPU {reader}");
        wrapped(f, &format!("{sides}, {} u64 fields", self.fields))?;
        let (reads, whole, mid, mixed) = ("reads", "whole", "mid-update", "mixed");
        writeln!(f, "\n{:<9} {:>6} {reads:>11} {whole:>11} {mid:>11} {mixed:>9}", "reader", "gap")?;
        for row in &self.rows {
            line(f, row)?;
        }
        let mut named: Vec<&str> = Vec::new();
        for row in self.rows.iter().filter(|row| !row.series.is_empty()) {
            if !named.contains(&row.reader) {
                named.push(row.reader);
                wrapped(f, &format!("{} stands for {}", row.reader, row.series.join(", ")))?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, row: &MeasuredRow) -> fmt::Result {
    let [reads, whole, mid, mixed] = [row.reads, row.whole, row.mid_update, row.mixed].map(grouped);
    writeln!(
        f,
        "{:<9} {:>6} {reads:>11} {whole:>11} {mid:>11} {mixed:>9}",
        row.reader,
        grouped(row.gap.into())
    )
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Words in lines of at most 72 columns, later ones indented by two.
fn wrapped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut used = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if used > 0 && used + 1 + width > COLUMNS {
            f.write_str("\n  ")?;
            used = 2;
        } else if used > 0 {
            f.write_char(' ')?;
            used += 1;
        }
        f.write_str(word)?;
        used += width;
    }
    f.write_char('\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn row(reader: &'static str, series: &[&str], gap: u32, mixed: u64) -> MeasuredRow {
        let series = series.iter().map(|name| (*name).to_owned()).collect();
        let (reads, mid_update) = (100_000, 129);
        let whole = reads - mid_update - mixed;
        MeasuredRow { reader, series, gap, reads, idle: 0, updates: 9, whole, mid_update, mixed }
    }

    #[test]
    fn the_table_is_aligned_and_narrow() {
        let measurement = Measurement {
            kernel: "Linux 9.9.9-a-release-with-a-long-name".to_owned(),
            machine: "A Processor With A Very Long Name @ 9.99GHz, 2 CPUs".to_owned(),
            writer_cpu: 1,
            reader_cpu: 0,
            fields: 2,
            rows: vec![row("word copy", &["one", "two"], 0, 15), row("IPI copy", &[], 1000, 0)],
        };
        let want = "\
Linux 9.9.9-a-release-with-a-long-name, A Processor With A Very Long
  Name @ 9.99GHz, 2 CPUs
writer on CPU 1, reader on CPU 0, 2 u64 fields

reader       gap       reads       whole  mid-update     mixed
word copy      0     100,000      99,856         129        15
IPI copy   1,000     100,000      99,871         129         0
word copy stands for one, two
";
        assert_eq!(measurement.to_string(), want);
        assert!(want.lines().all(|line| line.chars().count() <= COLUMNS));
    }

    #[rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(1000, "1,000")]
    #[case(1234567, "1,234,567")]
    fn digits_are_grouped(#[case] number: u64, #[case] text: &str) {
        assert_eq!(grouped(number), text);
    }

    #[rstest]
    #[case::x86("processor\t: 0\nmodel name\t: Some CPU\n", Some("Some CPU"))]
    #[case::empty_name("model name\t:\n", None)]
    #[case::none("Features : fp\n", None)]
    fn the_model_is_found(#[case] info: &str, #[case] model: Option<&str>) {
        assert_eq!(model_name(info), model);
    }
}
