//! userprofile.SetUserProfile: what the account knows of a consumer.

use serde_json::{Value, json};

use crate::account::Site;
use crate::envelope::Envelope;
use crate::refusal::Refusal;

/// Replaces the consumer's profile.
pub(crate) fn set(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
) -> Result<Value, Refusal> {
    for name in ["authenticatedData", "privateData"] {
        if envelope.body.get(name).is_some_and(|value| !value.is_null() && !value.is_object()) {
            return Err(Refusal::invalid("Invalid profile", format!("{name} must be an object")));
        }
    }
    if let Some(data) = envelope.body.get("authenticatedData") {
        check_attributes(&data["lp_sdes"])?;
    }
    if let Some(consumer) = site.consumers.get_mut(consumer_id) {
        consumer.profile = Value::Object(envelope.body.clone());
    }
    Ok(json!({"msg": "OK User Profile set successfully"}))
}

/// Checks the engagement attributes as far as their types are documented.
fn check_attributes(attributes: &Value) -> Result<(), Refusal> {
    if attributes.is_null() {
        return Ok(());
    }
    for attribute in attributes.as_array().ok_or_else(|| invalid("lp_sdes must be an array"))? {
        match attribute["type"].as_str() {
            Some("ctmrinfo") => check_customer(&attribute["info"])?,
            Some("personal") => check_personal(&attribute["personal"])?,
            _ => {
                return Err(invalid(
                    "The type of an engagement attribute must be ctmrinfo or personal",
                ));
            }
        }
    }
    Ok(())
}

fn check_customer(info: &Value) -> Result<(), Refusal> {
    if !info.is_object() {
        return Err(invalid("info of ctmrinfo must be an object"));
    }
    if !info["balance"].is_null() && !info["balance"].is_number() {
        return Err(invalid("balance must be a number"));
    }
    if !info["companySize"].is_null() && !info["companySize"].is_i64() {
        return Err(invalid("companySize must be an integer"));
    }
    Ok(())
}

fn check_personal(personal: &Value) -> Result<(), Refusal> {
    if !personal.is_object() {
        return Err(invalid("personal of personal must be an object"));
    }
    let gender = &personal["gender"];
    if !gender.is_null() && !["MALE", "FEMALE", "OTHER"].iter().any(|known| gender == known) {
        return Err(invalid("gender must be MALE, FEMALE or OTHER"));
    }
    if !personal["contacts"].is_null() && !personal["contacts"].is_array() {
        return Err(invalid("contacts must be an array"));
    }
    Ok(())
}

fn invalid(details: &str) -> Refusal {
    Refusal::invalid("Invalid profile", details)
}
