//! The dialogs of a conversation: MAIN, and what may follow it.

use serde::{Deserialize, Serialize};

use crate::model::dialog::Dialog;
use crate::protocol::refusal::Refusal;

/// In the order in which they were opened. MAIN is the first, and has the conversation's id.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<Dialog>")]
pub(crate) struct Dialogs(Vec<Dialog>);

/// As somebody wrote them down, and somebody else may have changed them since.
impl TryFrom<Vec<Dialog>> for Dialogs {
    type Error = &'static str;

    fn try_from(dialogs: Vec<Dialog>) -> Result<Dialogs, &'static str> {
        if dialogs.is_empty() { Err("MAIN is missing") } else { Ok(Dialogs(dialogs)) }
    }
}

impl Dialogs {
    pub(crate) fn new(conversation_id: String) -> Dialogs {
        Dialogs(vec![Dialog::main(conversation_id)])
    }

    fn main(&self) -> &Dialog {
        // Made with MAIN, and none is ever taken away.
        &self.0[0]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Dialog> {
        self.0.iter()
    }

    pub(crate) fn has(&self, dialog_id: &str) -> bool {
        self.0.iter().any(|dialog| dialog.id == dialog_id)
    }

    /// Whether one of them is open.
    pub(crate) fn any_is_open(&self) -> bool {
        self.0.iter().any(|dialog| dialog.open)
    }

    pub(crate) fn main_is_open(&self) -> bool {
        self.main().open
    }

    /// Whether nothing has followed MAIN.
    pub(crate) fn is_main_alone(&self) -> bool {
        self.0.len() == 1
    }

    /// Which ones are open: when it changes, the conversation has.
    pub(crate) fn open(&self) -> Vec<bool> {
        self.0.iter().map(|dialog| dialog.open).collect()
    }

    pub(crate) fn check_open(&self) -> Result<(), Refusal> {
        if self.any_is_open() {
            return Ok(());
        }
        Err(Refusal::closed(format!("Conversation {} is closed", self.main().id)))
    }

    /// The last one that is open, but for that of a bot.
    pub(crate) fn current(&self, of_bot: Option<&str>) -> Result<&str, Refusal> {
        self.check_open()?;
        let spoken_in = |dialog: &&Dialog| dialog.open && of_bot != Some(dialog.id.as_str());
        let current = self.0.iter().rev().find(spoken_in).ok_or_else(|| {
            let details = format!("Of conversation {} only a survey is open", self.main().id);
            Refusal::invalid("Dialog closed", details)
        })?;
        Ok(&current.id)
    }

    /// Refuses a dialog that is not there or not open.
    pub(crate) fn find_open(&mut self, dialog_id: &str) -> Result<&mut Dialog, Refusal> {
        self.check_open()?;
        let conversation_id = self.main().id.clone();
        let mut dialogs = self.0.iter_mut();
        let dialog = dialogs.find(|dialog| dialog.id == dialog_id).ok_or_else(|| {
            let details = format!("Conversation {conversation_id} has no dialog {dialog_id:?}");
            Refusal::invalid("Unknown dialog", details)
        })?;
        if !dialog.open {
            return Err(Refusal::closed(format!("Dialog {dialog_id} is closed")));
        }
        Ok(dialog)
    }

    /// Closes all that are open.
    pub(crate) fn close(&mut self, by: &'static str, cause: &str) -> Result<(), Refusal> {
        self.check_open()?;
        for dialog in self.0.iter_mut().filter(|dialog| dialog.open) {
            dialog.close(by, cause);
        }
        Ok(())
    }

    /// Adds the dialog of a survey, and gives back its id.
    pub(crate) fn add_survey(&mut self, app_install_id: Option<String>) -> String {
        let dialog = Dialog::survey(app_install_id);
        let id = dialog.id.clone();
        self.0.push(dialog);
        id
    }

    /// Notes the time of what happened since the last time.
    pub(crate) fn stamp(&mut self, now: i64) {
        for dialog in &mut self.0 {
            dialog.stamp(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialogs;

    #[test]
    fn without_main_there_are_none() {
        assert!(serde_json::from_str::<Dialogs>("[]").is_err());
        let written = serde_json::to_string(&Dialogs::new("c".to_owned())).expect("JSON");
        assert!(serde_json::from_str::<Dialogs>(&written).is_ok_and(|read| read.main_is_open()));
    }
}
