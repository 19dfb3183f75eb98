//! The scenarios that come with the program.

macro_rules! builtins {
    ($($name:literal,)*) => {
        /// Name and text of each, by name.
        pub const BUILTINS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../data/scenarios/", $name, ".toml"))),)*
        ];
    };
}

builtins! {
    "default",
    "hash-recycle",
    "ipi-ipi-deadlock",
    "ipi-mid-update",
    "irqs-off",
    "lost-reset",
    "nmi",
    "offline-cpu",
}

/// The text of the scenario called `name`.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTINS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
