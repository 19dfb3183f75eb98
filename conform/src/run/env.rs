//! What names stand for while a case runs, and the bytes of images.

use crate::ast::{Image, Piece, Slice};
use crate::expr::{Expr, Names};
use crate::target::Target;
use bpfsim_abi::{Release, attr_size};
use std::collections::BTreeMap;

/// An address of the kernel's half on x86-64.
const KERNEL: i128 = 0xffff_8880_0000_0000;
/// An fd that nobody has.
const NOBODY: i128 = 777;
/// An image has at most this many bytes.
const LONGEST: usize = 1 << 20;

/// The last call, and the bytes that its attr had.
#[derive(Clone, Debug, Default)]
pub(super) struct LastCall {
    /// Where the attr was.
    pub at: u64,
    /// What it was.
    pub bytes: Vec<u8>,
    /// The arm of `union bpf_attr`.
    pub arm: Option<&'static str>,
}

/// What is known so far.
pub(super) struct Env {
    release: Release,
    cpus: u32,
    unmapped: u64,
    /// Fds, and numbers that the kernel wrote.
    pub numbers: BTreeMap<String, i128>,
    /// Those of them that are fds.
    pub fds: Vec<(String, u32)>,
    /// Where buffers are, and how many bytes they have.
    pub buffers: BTreeMap<String, (u64, usize)>,
    /// What buffers were before the last call.
    pub before: BTreeMap<String, Vec<u8>>,
    /// What `size`, `arm` and `last` are in a call.
    pub call: [(&'static str, u32); 3],
    /// The last call.
    pub last: LastCall,
}

impl Env {
    pub(super) fn new(target: &dyn Target) -> Self {
        Env {
            release: target.release(),
            cpus: target.cpus(),
            unmapped: target.unmapped(),
            numbers: BTreeMap::new(),
            fds: Vec::new(),
            buffers: BTreeMap::new(),
            before: BTreeMap::new(),
            call: [("size", 0), ("arm", 0), ("last", 0)],
            last: LastCall::default(),
        }
    }

    /// The value of an expression.
    pub(super) fn value(&self, expr: &Expr) -> Result<i128, String> {
        expr.value(self, None)
    }

    /// A number of bytes, at most [`LONGEST`].
    fn count(&self, expr: &Expr) -> Result<usize, String> {
        let value = self.value(expr)?;
        let count = usize::try_from(value).ok().filter(|count| *count <= LONGEST);
        count.ok_or_else(|| format!("'{expr}' is {value}: no number of bytes up to {LONGEST}"))
    }

    /// The bytes of an image.
    pub(super) fn image(&self, image: &Image) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        for piece in &image.0 {
            self.piece(piece, &mut bytes)?;
            if bytes.len() > LONGEST {
                return Err(format!("an image of more than {LONGEST} bytes"));
            }
        }
        Ok(bytes)
    }

    fn piece(&self, piece: &Piece, bytes: &mut Vec<u8>) -> Result<(), String> {
        match piece {
            Piece::Numbers(width, values) => {
                for expr in values {
                    bytes.extend(sized(expr, self.value(expr)?, (*width).into())?);
                }
            }
            Piece::Hex(more) | Piece::Text(more) => bytes.extend(more),
            Piece::Zero(count) => bytes.resize(bytes.len() + self.count(count)?, 0),
            Piece::Fill(byte, count) => {
                let byte = sized(byte, self.value(byte)?, 1)?[0];
                bytes.resize(bytes.len() + self.count(count)?, byte);
            }
            Piece::Repeat(count, inner) => {
                let (times, one) = (self.count(count)?, self.image(inner)?);
                if times * one.len() > LONGEST {
                    return Err(format!("an image of more than {LONGEST} bytes"));
                }
                bytes.extend(one.repeat(times));
            }
        }
        Ok(())
    }

    /// Which bytes of its buffer a slice is.
    pub(super) fn bytes_of(&self, slice: &Slice) -> Result<std::ops::Range<usize>, String> {
        let len = self.buffer(&slice.name).map_or(0, |(_, len)| len);
        let end = |expr: &Option<Expr>, other| match expr {
            Some(expr) => self.count(expr),
            None => Ok(other),
        };
        let (from, to) = (end(&slice.from, 0)?, end(&slice.to, len)?);
        match from <= to && to <= len {
            true => Ok(from..to),
            false => Err(format!("{slice}: {} has {len} bytes", slice.name)),
        }
    }
}

impl Names for Env {
    fn local(&self, name: &str) -> Option<i128> {
        let Release { major, minor } = self.release;
        let special = match name {
            "NULL" => 0,
            "unmapped" => self.unmapped.into(),
            "kernel" => KERNEL,
            "nofd" => NOBODY,
            "notbpf" => 0,
            "ncpus" => self.cpus.into(),
            "version" => i128::from(major) << 16 | i128::from(minor) << 8,
            "attr" => attr_size(self.release).into(),
            name => match self.call.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => (*value).into(),
                None => return self.numbers.get(name).copied(),
            },
        };
        Some(special)
    }

    fn buffer(&self, name: &str) -> Option<(u64, usize)> {
        self.buffers.get(name).copied()
    }
}

/// A number as `width` bytes, 1 to 8, little-endian; -1 is all ones.
pub(super) fn sized(expr: &Expr, value: i128, width: usize) -> Result<Vec<u8>, String> {
    let bits = width * 8;
    if value < -(1 << (bits - 1)) || value >= 1 << bits {
        return Err(format!("'{expr}' is {value}, which is no number of {bits} bits"));
    }
    Ok(value.to_le_bytes()[..width].to_vec())
}
