//! What the program can do besides being a sandbox: its subcommands. They use the library as any
//! other program does.

pub(crate) mod record;
pub(crate) mod replay;
