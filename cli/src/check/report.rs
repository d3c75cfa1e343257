//! The lines of a check.

use lpconnector::Error;
use serde_json::json;

use crate::check::advice;
use crate::exit::Exit;
use crate::failure::{Failure, of_error};
use crate::output::Output;

/// One step of the way, and the host that it is about.
pub(super) struct Step<'a> {
    name: &'static str,
    host: Option<&'a str>,
}

impl<'a> Step<'a> {
    pub(super) fn of(name: &'static str) -> Step<'a> {
        Step { name, host: None }
    }

    pub(super) fn at(name: &'static str, host: &'a str) -> Step<'a> {
        Step { name, host: Some(host) }
    }
}

/// Prints each step as it ends, and keeps what the first that failed means.
pub(super) struct Report<'a> {
    output: &'a Output,
    exit: Exit,
}

impl<'a> Report<'a> {
    pub(super) fn new(output: &'a Output) -> Report<'a> {
        Report { output, exit: Exit::Done }
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    pub(super) fn ok(&self, step: Step, says: &str) -> Result<(), Failure> {
        self.line("ok", &step, says, None, None)
    }

    pub(super) fn skipped(&self, step: Step, why: &str) -> Result<(), Failure> {
        self.line("skipped", &step, why, None, None)
    }

    /// Something that works today.
    pub(super) fn warning(&self, step: Step, says: &str, todo: &str) -> Result<(), Failure> {
        self.line("warning", &step, says, Some(todo), None)
    }

    pub(super) fn failed(&mut self, step: Step, why: &Error, todo: &str) -> Result<(), Failure> {
        self.fails(Exit::of(why));
        self.line("failed", &step, why.message(), Some(todo), Some(why))
    }

    /// The answer that came is not what it should be.
    pub(super) fn wrong(
        &mut self,
        step: Step,
        exit: Exit,
        says: &str,
        todo: &str,
    ) -> Result<(), Failure> {
        self.fails(exit);
        self.line("failed", &step, says, Some(todo), None)
    }

    /// There is nothing to check with.
    pub(super) fn no_settings(&mut self, why: &Failure) -> Result<(), Failure> {
        if matches!(why, Failure::NobodyReads) {
            return Ok(());
        }
        self.fails(Exit::Usage);
        self.line("failed", &Step::of("settings"), why.message(), Some(advice::SETTINGS), None)
    }

    fn fails(&mut self, exit: Exit) {
        if self.exit == Exit::Done {
            // Nothing that a check sends does harm twice.
            self.exit = if exit == Exit::Unknown { Exit::TryAgain } else { exit };
        }
    }

    fn line(
        &self,
        outcome: &str,
        step: &Step,
        says: &str,
        todo: Option<&str>,
        error: Option<&Error>,
    ) -> Result<(), Failure> {
        let name = step.name;
        let about = step.host.map(|host| format!("{host}: ")).unwrap_or_default();
        let mut text =
            format!("{outcome:<8} {name:<11} {}", format!("{about}{says}").replace('\n', " "));
        let mut json = json!({ "step": name, "outcome": outcome, "says": says });
        if let Some(host) = step.host {
            json["host"] = host.into();
        }
        if let Some(todo) = todo {
            text.push_str(&format!("\n{:<20} -> {todo}", ""));
            json["todo"] = todo.into();
        }
        if let Some(error) = error {
            json["error"] = of_error(error);
        }
        self.output.line(&text, &json)
    }
}
