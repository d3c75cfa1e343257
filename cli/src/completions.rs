//! `lpc completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Generator, Shell};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Print the completions of a shell, for it to read
///
/// The packages have those of bash, zsh and fish where these shells look for them.
#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run<C: CommandFactory>(
    arguments: &Arguments,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut command = C::command();
    command.set_bin_name("lpc");
    command.build();
    // In memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    arguments.shell.generate(&command, &mut script);
    output.bytes(script.trim_ascii_end())?;
    Ok(Exit::Done)
}
