//! One table per command of bpf(2), and what each design adds; rows that hold on v6.18 also run on
//! the live kernel.

mod delete;
mod entry;
mod last_field;
mod lookup;
mod map_create;
mod map_create_history;
mod next_key;
mod objects;
mod prog_load;
mod test_run;
mod update;
mod verifier_log;
