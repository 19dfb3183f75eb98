//! The scenario file of every claim.

macro_rules! claims {
    ($($id:literal,)*) => {
        /// Id in lower case and text of each file, in the order of the thread.
        pub const CLAIMS: &[(&str, &str)] = &[
            $(($id, include_str!(concat!("../../data/claims/", $id, ".toml"))),)*
        ];
    };
}

claims! {
    "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15",
    "a16", "a17", "m1", "m2", "m3", "m4", "m5", "m6",
}

/// The ids as they are written, `A1` to `M6`.
pub fn ids() -> impl Iterator<Item = String> {
    CLAIMS.iter().map(|(id, _)| id.to_ascii_uppercase())
}

/// File name and text of the claim with this id, in either case.
pub fn file(id: &str) -> Option<(String, &'static str)> {
    let wanted = id.to_ascii_lowercase();
    CLAIMS.iter().find(|(id, _)| *id == wanted).map(|(id, text)| (format!("{id}.toml"), *text))
}
