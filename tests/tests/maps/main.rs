//! The map types beyond arrays and hashes: what the element commands say of each, and what they
//! leave. Rows that hold on v6.18 also run on the live kernel.

mod create_all;
mod queue;
mod random;
