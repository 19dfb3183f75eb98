//! One table per command of bpf(2), and what each design adds; rows that hold on v6.18 also run on
//! the live kernel.

mod delete;
mod differential;
mod entry;
#[cfg(feature = "keyed")]
mod keyed;
mod last_field;
mod left_out;
mod lookup;
mod map_create;
mod map_create_history;
#[cfg(feature = "martin-lau")]
mod martin_lau;
#[cfg(feature = "ming-lei")]
mod ming_lei;
mod next_key;
mod objects;
mod percpu;
mod percpu_flags;
mod prog_load;
mod prog_types;
mod series_names;
mod test_run;
mod update;
mod verifier_log;
