//! Conversations as text to read.

use std::fmt::Write;

use serde_json::Value;

use crate::log::shortened;

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
    let word = |value: &Value| value.as_str().unwrap_or("?").escape_debug().to_string();
    let consumer = &conversation["consumer"];
    let lp_consumer_id = shortened(&word(&consumer["lp_consumer_id"]), ID_CHARACTERS);
    let _ = writeln!(
        text,
        "\nConversation {}: {}\n  consumer {} ({lp_consumer_id})",
        word(&conversation["id"]),
        word(&conversation["state"]),
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
            let _ = writeln!(text, "    {number:>3}  {}", content(&event["event"]));
        }
    }
    let rating = &conversation["rating"];
    if !rating.is_null() {
        let _ = writeln!(text, "  rating {}: {}", rating["csatRate"], word(&rating["status"]));
    }
}

fn content(event: &Value) -> String {
    match event["type"].as_str().unwrap_or_default() {
        "ContentEvent" => match &event["message"] {
            Value::String(message) => format!("text {message:?}"),
            file => format!("file {} {}", file["relativePath"], file["caption"]),
        },
        "RichContentEvent" => format!("rich content {}", event["content"]),
        "ChatStateEvent" => {
            format!("chat state {}", event["chatState"].as_str().unwrap_or_default())
        }
        _ => format!("{} {}", event["status"].as_str().unwrap_or_default(), event["sequenceList"]),
    }
}
