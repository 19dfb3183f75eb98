//! The log of a load: the same text at every level above zero.

use super::Data;
use super::kind::{IntData, Kind, Member, Type};
use super::rules::Rules;

/// `BPF_VERIFIER_TMP_LOG_SIZE` without its NUL: more of one print is lost.
const PRINT: usize = 1023;

/// Bytes, since names are.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    on: bool,
    bytes: Vec<u8>,
}

impl Log {
    pub fn new(on: bool) -> Log {
        Log { on, bytes: Vec::new() }
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// One print, cut as the kernel cuts it.
    pub fn print(&mut self, text: &[u8]) {
        if self.on {
            self.bytes.extend(&text[..text.len().min(PRINT)]);
        }
    }

    pub fn say(&mut self, text: &str) {
        self.print(text.as_bytes());
    }

    /// `[id] KIND name`, with details if asked, a message if there is one, and the end of the line.
    pub fn of_type(&mut self, data: &Data, id: u32, t: &Type, details: bool, message: &str) {
        if !self.on {
            return;
        }
        let mut head = format!("[{id}] {} ", t.kind().name()).into_bytes();
        head.extend(data.display_name(t.name_off));
        if details {
            head.push(b' ');
        }
        self.print(&head);
        if details {
            self.details(data, t);
        }
        self.end(message);
    }

    fn end(&mut self, message: &str) {
        if !message.is_empty() {
            self.say(" ");
            self.say(message);
        }
        self.say("\n");
    }

    fn details(&mut self, data: &Data, t: &Type) {
        let word = |index| data.extra(t, index);
        match t.kind() {
            Kind::Int => {
                let int = IntData(word(0));
                let (size, offset, bits) = (t.size, int.offset(), int.bits());
                let encoding = match int.encoding() {
                    0 => "(none)",
                    1 => "SIGNED",
                    2 => "CHAR",
                    4 => "BOOL",
                    _ => "UNKN",
                };
                self.say(&format!(
                    "size={size} bits_offset={offset} nr_bits={bits} encoding={encoding}"
                ));
            }
            Kind::Ptr
            | Kind::Typedef
            | Kind::Volatile
            | Kind::Const
            | Kind::Restrict
            | Kind::TypeTag
            | Kind::Func => self.say(&format!("type_id={}", t.size)),
            Kind::Array => self.say(&format!(
                "type_id={} index_type_id={} nr_elems={}",
                word(0),
                word(1),
                word(2)
            )),
            Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 | Kind::Datasec => {
                self.say(&format!("size={} vlen={}", t.size, t.vlen()));
            }
            Kind::Fwd => self.fwd(data.rules, t),
            Kind::FuncProto => self.proto(data, t),
            Kind::Var => self.say(&format!("type_id={} linkage={}", t.size, word(0))),
            Kind::Float => self.say(&format!("size={}", t.size)),
            Kind::DeclTag => {
                self.say(&format!("type={} component_idx={}", t.size, word(0) as i32));
            }
            Kind::Void => {}
        }
    }

    /// Since v5.0 the log says what is declared (76c43ae84e3f); before, it says "type_id=0".
    fn fwd(&mut self, rules: Rules, t: &Type) {
        match t.kflag() {
            _ if !rules.since(5, 0) => self.say(&format!("type_id={}", t.size)),
            true => self.say("union"),
            false => self.say("struct"),
        }
    }

    fn proto(&mut self, data: &Data, t: &Type) {
        self.say(&format!("return={} args=(", t.size));
        let count = t.vlen();
        for index in 0..count {
            let (name, ty) = data.param(t, index);
            let vararg = ty == 0 && index + 1 == count;
            let mut text = if index > 0 { b", ".to_vec() } else { Vec::new() };
            if vararg {
                text.extend(b"vararg");
            } else {
                text.extend(format!("{ty} ").into_bytes());
                text.extend(data.display_name(name));
            }
            self.print(&text);
        }
        if count == 0 {
            self.say("void");
        }
        self.say(")");
    }

    /// A line about a member; after the first pass the struct comes before it.
    pub fn member(&mut self, data: &Data, at: Where, t: &Type, member: &Member, message: &str) {
        if !self.on {
            return;
        }
        if at.resolving {
            self.of_type(data, at.id, t, true, "");
        }
        let mut line = b"\t".to_vec();
        line.extend(data.display_name(member.name_off));
        let flagged = t.kflag() && data.rules.since(5, 0);
        let (ty, offset) = (member.r#type, member.bit_offset(flagged));
        let rest = match flagged {
            true => format!(
                " type_id={ty} bitfield_size={} bits_offset={offset}",
                member.bitfield_size()
            ),
            false => format!(" type_id={ty} bits_offset={offset}"),
        };
        line.extend(rest.into_bytes());
        self.print(&line);
        self.end(message);
    }

    /// A line about a variable of a section.
    pub fn variable(&mut self, data: &Data, at: Where, t: &Type, vsi: [u32; 3], message: &str) {
        if !self.on {
            return;
        }
        if at.resolving {
            self.of_type(data, at.id, t, true, "");
        }
        let [ty, offset, size] = vsi;
        self.say(&format!("\t type_id={ty} offset={offset} size={size}"));
        self.end(message);
    }
}

/// What is being looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where {
    /// The type.
    pub id: u32,
    /// The second pass.
    pub resolving: bool,
}
