//! Header, sections and strings: btf_parse_hdr(), btf_check_sec_info(), btf_parse_str_sec().

use super::data::Data;
use super::{Load, Stop};
use bpfsim_abi::Errno;

/// `BTF_MAGIC` and `BTF_VERSION`.
const MAGIC: u32 = 0xeb9f;
const VERSION: u32 = 1;

/// Bytes of the header with layouts, v7.1.
const LONG: u32 = 32;

/// `PAGE_SIZE`: up to v4.19 no header may be longer.
const PAGE: usize = 4096;

/// Where the sections are, counted from the end of the header.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    pub hdr_len: u32,
    pub type_off: u32,
    pub type_len: u32,
    pub str_off: u32,
    pub str_len: u32,
    pub layout_off: u32,
    pub layout_len: u32,
}

impl Header {
    /// The header says something of layouts.
    const fn is_long(&self) -> bool {
        self.hdr_len >= LONG
    }
}

impl Load {
    /// Everything up to the types.
    pub(super) fn header(&mut self) -> Result<Header, Stop> {
        let header = self.fields()?;
        self.sections(&header)?;
        self.strings(&header)?;
        if self.rules().since(7, 1) && header.is_long() && header.layout_len != 0 {
            self.layouts(&header)?;
        }
        Ok(header)
    }

    /// A header may be shorter than ours, or longer if the rest is zero.
    fn fields(&mut self) -> Result<Header, Stop> {
        let size = self.data.bytes.len();
        if size < 8 {
            return self.refuse("hdr_len not found");
        }
        let given = self.data.word(4) as usize;
        if size < given {
            return self.refuse("btf_header not found");
        }
        let known = self.rules().header();
        let silly = given > PAGE && !self.rules().since(4, 20);
        if silly || given > known && self.data.bytes[known..given].iter().any(|byte| *byte != 0) {
            return self.refuse_with("Unsupported btf_header", Errno::E2BIG);
        }
        let mut bytes = self.data.bytes[..given.min(known)].to_vec();
        bytes.resize(LONG as usize, 0);
        let copy = Data { bytes, types: Vec::new(), ..self.data.clone() };
        let first = copy.word(0);
        let header = Header {
            hdr_len: copy.word(4),
            type_off: copy.word(8),
            type_len: copy.word(12),
            str_off: copy.word(16),
            str_len: copy.word(20),
            layout_off: copy.word(24),
            layout_len: copy.word(28),
        };
        self.log_header(first, &header, size);
        match (first & 0xffff, first >> 16 & 0xff, first >> 24) {
            (MAGIC, VERSION, 0) => {}
            (MAGIC, VERSION, _) => {
                return self.refuse_with("Unsupported flags", Errno::ENOTSUPP);
            }
            (MAGIC, _, _) => return self.refuse_with("Unsupported version", Errno::ENOTSUPP),
            _ => return self.refuse("Invalid magic"),
        }
        if size == header.hdr_len as usize {
            return self.refuse("No data");
        }
        Ok(header)
    }

    fn log_header(&mut self, first: u32, header: &Header, size: usize) {
        if !self.log.is_on() {
            return;
        }
        let mut lines = vec![
            format!("magic: {:#x}", first & 0xffff),
            format!("version: {}", first >> 16 & 0xff),
            format!("flags: {:#x}", first >> 24),
            format!("hdr_len: {}", header.hdr_len),
            format!("type_off: {}", header.type_off),
            format!("type_len: {}", header.type_len),
            format!("str_off: {}", header.str_off),
            format!("str_len: {}", header.str_len),
        ];
        if self.rules().since(7, 1) && header.is_long() {
            lines.push(format!("layout_off: {}", header.layout_off));
            lines.push(format!("layout_len: {}", header.layout_len));
        }
        lines.push(format!("btf_total_size: {size}"));
        for line in lines {
            self.log.say(&line);
            self.log.say("\n");
        }
    }

    /// The sections cover everything and nothing twice.
    fn sections(&mut self, header: &Header) -> Result<(), Stop> {
        let mut all = vec![(header.type_off, header.type_len), (header.str_off, header.str_len)];
        if self.rules().since(7, 1) && header.is_long() && header.layout_len != 0 {
            all.push((header.layout_off, header.layout_len));
        }
        // The differences are signed there.
        all.sort_by(|x, y| {
            let by = |x: u32, y: u32| (x.wrapping_sub(y) as i32).cmp(&0);
            by(x.0, y.0).then(by(x.1, y.1))
        });
        let expected = (self.data.bytes.len() as u32).wrapping_sub(header.hdr_len);
        let mut total = 0;
        for (off, len) in all {
            if expected < off {
                return self.refuse("Invalid section offset");
            }
            if total < off {
                return self.refuse("Unsupported section found");
            }
            if total > off {
                return self.refuse("Section overlap found");
            }
            if expected - total < len {
                return self.refuse("Total section length too long");
            }
            total += len;
        }
        if expected == total { Ok(()) } else { self.refuse("Unsupported section found") }
    }

    /// Strings come last, begin with an empty one, and end with a NUL.
    fn strings(&mut self, header: &Header) -> Result<(), Stop> {
        let start = header.hdr_len as usize + header.str_off as usize;
        let end = start + header.str_len as usize;
        let anywhere = self.rules().since(7, 1) && header.is_long();
        if !anywhere && end != self.data.bytes.len() {
            return self.refuse("String section is not at the end");
        }
        let strings = self.data.bytes.get(start..end).unwrap_or_default();
        let most = self.rules().max_name_offset() as usize + 1;
        let fits = strings.len() <= most
            && strings.first().is_some_and(|byte| *byte == 0)
            && strings.last().is_some_and(|byte| *byte == 0);
        if !fits {
            return self.refuse("Invalid string section");
        }
        self.data.strings = start;
        self.data.str_len = header.str_len;
        Ok(())
    }

    /// btf_parse_layout_sec(), v7.1: what a layout says is not read.
    fn layouts(&mut self, header: &Header) -> Result<(), Stop> {
        if !header.layout_off.is_multiple_of(4) {
            return self.refuse("Unaligned layout_off");
        }
        if header.layout_len < 4 {
            return self.refuse("Layout section is too small");
        }
        if !header.layout_len.is_multiple_of(4) {
            return self.refuse("layout_len is not multiple of 4");
        }
        Ok(())
    }

    /// Where the types begin and end.
    pub(super) fn type_section(&mut self, header: &Header) -> Result<(usize, usize), Stop> {
        if !header.type_off.is_multiple_of(4) {
            return self.refuse("Unaligned type_off");
        }
        if header.type_len == 0 {
            return self.refuse("No type found");
        }
        let start = header.hdr_len as usize + header.type_off as usize;
        Ok((start, start + header.type_len as usize))
    }
}
