//! AppJWTs that no client must trust.

/// What is wrong with a token. All else is right, its claims among it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forged {
    /// It names a key that is in no key set; the account's key signed it.
    UnknownKid,
    /// The signature is not one of the key that it names.
    BrokenSignature,
    /// It names no key; the account's key signed it.
    NoKid,
    /// The algorithm is `none`, and there is no signature.
    NoneAlgorithm,
}

impl Forged {
    const ALL: [(&str, Forged); 4] = [
        ("unknown_kid", Forged::UnknownKid),
        ("broken_signature", Forged::BrokenSignature),
        ("no_kid", Forged::NoKid),
        ("none_algorithm", Forged::NoneAlgorithm),
    ];

    /// All names, to be listed in a sentence.
    pub(crate) fn names() -> String {
        Forged::ALL.map(|(name, _)| name).join(", ")
    }

    pub(crate) fn from_name(name: &str) -> Option<Forged> {
        Forged::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, forged)| forged)
    }
}
