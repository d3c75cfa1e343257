//! The header Client-Properties: what the client says about itself and its channel.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::request::Received;

const FEATURES: [&str; 7] = [
    "CO_BROWSE",
    "CO_APP",
    "PHOTO_SHARING",
    "SECURE_FORMS",
    "AUTO_MESSAGES",
    "RICH_CONTENT",
    "MULTI_DIALOG",
];
/// The members that are text. Others are let through.
const TEXTS: [&str; 10] = [
    "appId",
    "appVersion",
    "deviceFamily",
    "os",
    "osName",
    "osVersion",
    "integration",
    "integrationVersion",
    "timeZone",
    "ipAddress",
];

/// The parsed header; null where it is missing.
pub(crate) fn parse(received: &Received) -> Result<Value, Refusal> {
    let Some(header) = received.headers.get("client-properties") else { return Ok(Value::Null) };
    let text = header.to_str().map_err(|_| invalid("The header must be ASCII"))?;
    let properties: Value = serde_json::from_str(text)
        .map_err(|error| invalid(format!("The header is not JSON: {error}")))?;
    if properties["type"] != ".ClientProperties" {
        return Err(invalid("The header must be an object of type .ClientProperties"));
    }
    if let Some(features) = properties.get("features") {
        let known = |feature: &Value| FEATURES.iter().any(|known| feature == known);
        if !features.as_array().is_some_and(|features| features.iter().all(known)) {
            return Err(invalid(format!("features is an array of {}", FEATURES.join(", "))));
        }
    }
    let text = |name: &&str| properties.get(name).is_none_or(Value::is_string);
    match TEXTS.iter().find(|name| !text(name)) {
        Some(name) => Err(invalid(format!("{name} must be a string"))),
        None => Ok(properties),
    }
}

fn invalid(details: impl Into<String>) -> Refusal {
    Refusal::invalid("Invalid Client-Properties", details)
}
