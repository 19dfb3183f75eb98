//! The explorers on models without BPF: published numbers, and random small models.

mod published;
mod random;
mod words;
