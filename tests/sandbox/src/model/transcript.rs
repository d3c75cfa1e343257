//! Conversations as text to read.

use std::fmt::Write;

use serde_json::Value;

use crate::protocol::summary::{self, shortened, word};

/// How much of an id is shown.
const ID_CHARACTERS: usize = 8;

pub(crate) fn of(account_id: &str, conversations: &[Value]) -> String {
    let mut text = format!("Account {account_id}: {} conversation(s)\n", conversations.len());
    for conversation in conversations {
        describe(&mut text, conversation);
    }
    text
}

// Writing to a String cannot fail, so the results are let go.
fn describe(text: &mut String, conversation: &Value) {
    let consumer = &conversation["consumer"];
    let lp_consumer_id = shortened(&word(&consumer["lp_consumer_id"]), ID_CHARACTERS);
    let (state, stage) = (word(&conversation["state"]), word(&conversation["stage"]));
    // They differ while a survey runs.
    let stage = if stage == state { String::new() } else { format!(", stage {stage}") };
    let _ = writeln!(
        text,
        "\nConversation {}: {state}{stage}\n  consumer {} ({lp_consumer_id})",
        word(&conversation["id"]),
        word(&consumer["ext_consumer_id"]),
    );
    for dialog in conversation["dialogs"].as_array().into_iter().flatten() {
        let cause =
            dialog["closedCause"].as_str().map(|cause| format!(" ({})", cause.escape_debug()));
        let cause = cause.unwrap_or_default();
        let (kind, id, state) =
            (word(&dialog["dialogType"]), word(&dialog["dialogId"]), word(&dialog["state"]));
        let _ = writeln!(text, "  dialog {kind} {id}: {state}{cause}");
        let events = conversation["events"].as_array().into_iter().flatten();
        for event in events.filter(|event| event["dialogId"] == dialog["dialogId"]) {
            let number = event["sequence"]
                .as_u64()
                .map_or_else(|| "-".to_owned(), |number| number.to_string());
            let metadata = &event["metadata"];
            let metadata = if metadata.is_null() { "" } else { &format!(", metadata {metadata}") };
            let what = summary::event(&event["event"], usize::MAX);
            let speaker = match (event["role"].as_str(), event["audience"].as_str()) {
                (Some("CONSUMER"), _) => "consumer",
                (Some("MANAGER"), Some("ALL")) => "manager",
                (_, Some("ALL")) => "agent",
                _ => "private",
            };
            let _ = writeln!(text, "    {speaker:<8}  {number:>3}  {what}{metadata}");
        }
    }
    let rating = &conversation["rating"];
    if !rating.is_null() {
        let _ = writeln!(text, "  {}", summary::rating(rating));
    }
}
