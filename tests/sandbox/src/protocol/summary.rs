//! Messages in words, for the log and the transcript.

use serde_json::Value;

/// The first characters of a text, and "…" where some are left out.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The first so many bytes of a text, up to the end of a character.
pub(crate) fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// A request in words: its type, and what it is about. `most` is how many characters of a text are
/// shown. Empty for what is no request.
pub(crate) fn request(message: &Value, most: usize) -> String {
    let Some(kind) = message["type"].as_str() else { return String::new() };
    let body = &message["body"];
    let about = match kind {
        "ms.PublishEvent" => event(&body["event"], most),
        "cm.UpdateConversationField" => fields(&body["conversationField"]),
        "ms.GenerateURLForUploadFile" => {
            let size = body["fileSize"].as_u64();
            let size = size.map_or_else(|| word(&body["fileSize"]), |size| size.to_string());
            format!("{} of {size} bytes", word(&body["fileType"]))
        }
        "ms.GenerateURLForDownloadFile" => shortened(&word(&body["relativePath"]), most),
        _ => return kind.escape_debug().to_string(),
    };
    format!("{kind} {about}")
}

/// An event in words.
pub(crate) fn event(event: &Value, most: usize) -> String {
    match event["type"].as_str() {
        Some("ContentEvent") => match &event["message"] {
            Value::String(message) => format!("text {:?}", shortened(message, most)),
            other if other["relativePath"].is_null() => {
                format!("content {}", word(&event["contentType"]))
            }
            file => {
                let path = shortened(&word(&file["relativePath"]), most);
                let caption = file["caption"].as_str().map(|text| shortened(text, most));
                let caption = caption.map_or_else(String::new, |text| format!(" {text:?}"));
                let preview = if file["preview"].is_null() { "" } else { " with preview" };
                format!("file {} {path}{caption}{preview}", word(&file["fileType"]))
            }
        },
        Some("RichContentEvent") => {
            let place = if event["content"].is_null() { "message" } else { "content" };
            format!("rich content {}", shortened(&outline(&event[place]), most))
        }
        Some("ChatStateEvent") => format!("chat state {}", word(&event["chatState"])),
        Some("AcceptStatusEvent") => {
            let sequences = shortened(&event["sequenceList"].to_string(), most);
            format!("accept status {} {sequences}", word(&event["status"]))
        }
        _ => format!("event {}", word(&event["type"])),
    }
}

/// A rating in words.
pub(crate) fn rating(rating: &Value) -> String {
    let stars = &rating["csatRate"];
    let stars = if stars.is_number() { format!("{stars} ") } else { String::new() };
    let resolved = match rating["csatResolutionConfirmation"].as_bool() {
        None => "",
        Some(true) => ", resolved",
        Some(false) => ", not resolved",
    };
    format!("rating {stars}{}{resolved}", word(&rating["status"]))
}

/// One field update in words, or several.
fn fields(fields: &Value) -> String {
    match fields {
        Value::Array(fields) => fields.iter().map(field).collect::<Vec<_>>().join(", "),
        one => field(one),
    }
}

fn field(field: &Value) -> String {
    match field["field"].as_str() {
        Some("ConversationStateField") => {
            format!("conversation {}", word(&field["conversationState"]))
        }
        Some("DialogChange") => {
            let dialog = &field["dialog"];
            format!("dialog {} {}", word(&dialog["dialogId"]), word(&dialog["state"]))
        }
        Some("Stage") => format!("stage {}", word(&field["conversationState"])),
        Some("TTRField") => format!("ttr {}", word(&field["ttrType"])),
        Some("CSATRate") => rating(field),
        _ => format!("field {}", word(&field["field"])),
    }
}

/// The elements of rich content, with the text of those that have one.
fn outline(element: &Value) -> String {
    let mut text = word(&element["type"]);
    let label = [&element["text"], &element["title"]].into_iter().find_map(Value::as_str);
    if let Some(label) = label {
        text.push_str(&format!(" {label:?}"));
    }
    if let Some(elements) = element["elements"].as_array() {
        let elements: Vec<String> = elements.iter().map(outline).collect();
        text.push_str(&format!(" [{}]", elements.join(", ")));
    }
    text
}

/// A word that was sent, fit for a line of text.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().unwrap_or("?").escape_debug().to_string()
}
