//! The map types beyond arrays and hashes: what the element commands say of each, and what they
//! leave. Rows that hold on v6.18 also run on the live kernel.

mod ask;
mod bloom;
mod create_all;
mod elementless;
mod lpm;
mod lru;
mod outside;
mod programs;
mod queue;
mod random;
mod refs;
