//! The commands beyond elements and programs: takes, freezes, batches, ids, infos. Rows that hold
//! on v6.18 also run on the live kernel.

mod attach;
mod batch_cursor;
mod batch_each;
mod batch_errors;
mod bpffs;
mod btf;
mod freeze;
mod ids;
mod info;
mod kinds;
mod links;
mod overrun;
mod take;
