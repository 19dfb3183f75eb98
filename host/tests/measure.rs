//! A short race on this machine's kernel, where it answers.

use bpfsim_host::{Options, measure};
use std::time::Duration;

/// 2,000 reads a row; the names are the test's own.
fn short() -> Options {
    Options {
        reads: 2_000,
        budget: Duration::from_millis(1500),
        word_copy: vec!["one".to_owned()],
        ipi_copy: vec!["two".to_owned()],
        ..Options::default()
    }
}

#[test]
fn reads_add_up_and_an_interrupt_never_mixes() {
    let measurement = match measure(&short()) {
        Ok(measurement) => measurement,
        Err(skipped) => return println!("{skipped}"),
    };
    println!("{measurement}");
    assert!(measurement.kernel.starts_with("Linux "), "{}", measurement.kernel);
    assert_ne!(measurement.writer_cpu, measurement.reader_cpu);
    let order: Vec<_> = measurement.rows.iter().map(|row| (row.reader, row.gap)).collect();
    let want = [0, 32, 1000].map(|gap| [("word copy", gap), ("IPI copy", gap)]);
    assert_eq!(order, want.concat());
    for row in &measurement.rows {
        assert_eq!(row.whole + row.mid_update + row.mixed, row.reads, "{row:?}");
        assert!(row.reads > 0 && row.reads <= 2_000, "{row:?}");
        assert!(row.updates > 0, "the writer stood still: {row:?}");
        match row.reader {
            "IPI copy" => assert_eq!((row.mixed, &row.series[..]), (0, &["two".to_owned()][..])),
            _ => assert_eq!(row.series, ["one"]),
        }
    }
}

#[test]
fn the_time_is_bounded_whatever_is_asked() {
    let options = Options { reads: u64::MAX, budget: Duration::from_millis(200), ..short() };
    match measure(&options) {
        Ok(measurement) => {
            // It has come back although nobody reads so often: the budget ended it.
            assert!(measurement.rows.iter().all(|row| row.reads >= 1 && row.reads < u64::MAX));
        }
        Err(skipped) => println!("{skipped}"),
    }
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let cases = [
        (Options { fields: 1, ..short() }, "1 fields: give 2 to 16"),
        (Options { fields: 17, ..short() }, "17 fields: give 2 to 16"),
        (
            Options { gaps: vec![0, 10_001], ..short() },
            "a gap of 10001 instructions: give at most 10000",
        ),
        (
            Options { gaps: vec![], ..short() },
            "nothing to measure: give at least one read and one gap",
        ),
    ];
    for (options, reason) in cases {
        let skipped = measure(&options).expect_err("out of range");
        assert_eq!(skipped.reason, reason);
    }
}
