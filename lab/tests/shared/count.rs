//! The program of the built-in objects that counts, under each series.

/// `prog.count` of a scenario.
pub const COUNT: &str = r#"
[prog.count]
object = "count_merged.bpf.o"
[prog.count.for.ming-lei]
object = "count_ming_lei.bpf.o"
[prog.count.for.martin-lau]
object = "count_martin_lau.bpf.o"
[prog.count.for.keyed]
object = "count_keyed.bpf.o"
"#;
