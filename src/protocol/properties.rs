//! Client properties: what the connector says about itself and its channel in a header.

use serde_json::value::to_raw_value;
use ureq::http::{HeaderName, HeaderValue};

use crate::base::error::Error;
use crate::protocol::argument::Argument;
use crate::protocol::members::{Json, Members, members, names};

pub(crate) const CLIENT_PROPERTIES: HeaderName = HeaderName::from_static("client-properties");

members! {
    /// What the connector says about itself and its channel. The service decides what it takes:
    /// other members and values go out as they are written.
    pub struct ClientProperties {
        /// Id of the app.
        app_id: String = "appId",
        /// Version of the app.
        app_version: String = "appVersion",
        /// Kind of device: `DESKTOP`, `TABLET`, `MOBILE` or `OTHER`.
        device_family: String = "deviceFamily",
        /// Who made the device.
        device_manufacture: String = "deviceManufacture",
        /// Model of the device.
        device_model: String = "deviceModel",
        /// Operating system: `WINDOWS`, `LINUX`, `OSX`, `ANDROID`, `IOS` or `OTHER`.
        os: String = "os",
        /// Name of the operating system.
        os_name: String = "osName",
        /// Version of the operating system.
        os_version: String = "osVersion",
        /// The browser.
        browser: String = "browser",
        /// Version of the browser.
        browser_version: String = "browserVersion",
        /// How the channel is integrated: `WEB_SDK`, `MOBILE_SDK` or `BRAND_SDK`.
        integration: String = "integration",
        /// Version of the integration.
        integration_version: String = "integrationVersion",
        /// Time zone of the consumer, for example `Europe/Athens`.
        time_zone: String = "timeZone",
        /// IP address of the consumer.
        ip_address: String = "ipAddress",
        /// What the channel can do. Given here or as `features` of the client or the conversation.
        features: Vec<Feature> = "features",
    }
}

names! {
    /// What a channel can do.
    pub enum Feature {
        /// Co-browsing.
        CoBrowse = "CO_BROWSE",
        /// Co-app.
        CoApp = "CO_APP",
        /// Sharing of photos.
        PhotoSharing = "PHOTO_SHARING",
        /// Secure forms.
        SecureForms = "SECURE_FORMS",
        /// Automatic messages. The first message must follow within 10 s of the opening.
        AutoMessages = "AUTO_MESSAGES",
        /// Rich content.
        RichContent = "RICH_CONTENT",
        /// Quick replies.
        QuickReplies = "QUICK_REPLIES",
        /// Several dialogs in one conversation: without it the account starts no survey.
        MultiDialog = "MULTI_DIALOG",
        /// Sharing of files.
        FileSharing = "FILE_SHARING",
        /// Links in Markdown.
        MarkdownHyperlinks = "MARKDOWN_HYPERLINKS",
    }
}

/// They travel in a header, so they are short.
const LONGEST: usize = 4096;

/// With features, and with what is beyond ASCII escaped.
const LONGEST_HEADER: usize = 8192;

/// The member that says what the header is; the caller's own wins.
const TYPE: &str = "type";

const FEATURES: &str = "features";

impl ClientProperties {
    /// Reads client properties from a JSON object.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if it is no object, or has more
    /// than 4096 bytes.
    pub fn from_json(json: &str) -> Result<ClientProperties, Error> {
        check_length(json)?;
        Members::read(json, "clientProperties").map(ClientProperties)
    }

    /// The header's value; none if nothing is set. Refused is what no server takes as a header.
    pub(crate) fn header(&self) -> Result<Option<HeaderValue>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut members = self.0.clone();
        if members.get(TYPE).is_none() {
            members.set_first(TYPE, ".ClientProperties");
        }
        let json = serde_json::to_string(&members).unwrap_or_default();
        let header = on_one_line(&json);
        if header.len() > LONGEST_HEADER {
            return Err(Error::invalid(format!(
                "clientProperties and features make a header of {} bytes; allowed: {LONGEST_HEADER}",
                header.len()
            )));
        }
        // It is ASCII without control characters by now.
        Ok(HeaderValue::from_str(&header).ok())
    }
}

/// What every request of one conversation says about its channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Channel {
    properties: Option<ClientProperties>,
    features: Option<Json>,
}

impl Channel {
    /// What these are in options that a caller gives as JSON.
    pub(crate) const MEMBERS: [&str; 2] = ["clientProperties", FEATURES];

    pub(crate) fn read(given: &Argument) -> Result<Channel, Error> {
        let [properties, features] = Channel::MEMBERS;
        let properties = given.object(properties)?.map(ClientProperties);
        if let Some(properties) = &properties {
            check_length(&serde_json::to_string(properties).unwrap_or_default())?;
        }
        Ok(Channel { properties, features: given.array(features)? })
    }

    pub(crate) fn set_properties(&mut self, properties: ClientProperties) {
        self.properties = Some(properties);
    }

    pub(crate) fn set_features(&mut self, features: &[Feature]) {
        // Texts always serialise.
        self.features = Some(Json(to_raw_value(features).unwrap_or_default()));
    }

    /// What it says, member by member over what the client's configuration says.
    pub(crate) fn over(&self, client: &ClientProperties) -> ClientProperties {
        let mut members = match &self.properties {
            Some(own) => client.0.overlaid(&own.0),
            None => client.0.clone(),
        };
        if let Some(features) = &self.features {
            members.set(FEATURES, &*features.0);
        }
        ClientProperties(members)
    }
}

fn check_length(json: &str) -> Result<(), Error> {
    if json.len() > LONGEST {
        return Err(Error::invalid(format!("clientProperties have more than {LONGEST} bytes")));
    }
    Ok(())
}

/// JSON as a header takes it: what is beyond ASCII escaped, and the line breaks between its members,
/// which the caller may have written, as spaces.
fn on_one_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii_whitespace() {
            out.push(' ');
        } else if c.is_ascii() && c != '\x7f' {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Features from a comma-separated list.
pub(crate) fn features(list: &str) -> Result<Vec<Feature>, Error> {
    let names = list.split(',').map(str::trim);
    let is_part_of_no_name = |c: char| c.is_whitespace() || "\"'[]{}();".contains(c);
    names
        .map(|name| match name {
            "" => Err(Error::invalid("the name of a feature is empty")),
            // Another way to write a list.
            name if name.contains(is_part_of_no_name) => Err(Error::invalid(
                "names with commas between them, for example QUICK_REPLIES,MULTI_DIALOG",
            )),
            name => Ok(Feature::from(name)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_ascii_json_and_absent_without_content() {
        assert_eq!(ClientProperties::new().header().unwrap(), None);
        let many = ClientProperties::new().features(vec![Feature::CoApp; 1000]);
        assert!(many.header().unwrap_err().message().contains("allowed: 8192"));
        let properties = ClientProperties::new()
            .app_id("é👍\u{7f}")
            .features(vec![Feature::AutoMessages, Feature::RichContent]);
        assert_eq!(
            properties.header().unwrap().unwrap(),
            r#"{"type":".ClientProperties","appId":"\u00e9\ud83d\udc4d\u007f","features":["AUTO_MESSAGES","RICH_CONTENT"]}"#
        );
    }

    #[test]
    fn a_conversation_overlays_its_client_member_by_member() {
        let client = ClientProperties::new().app_id("a").os("ANDROID");
        let mut conversation = Channel::default();
        assert_eq!(conversation.over(&client), client);
        conversation.set_properties(ClientProperties::new().os("IOS"));
        conversation.set_features(&[Feature::MultiDialog]);
        let both =
            ClientProperties::new().app_id("a").os("IOS").features(vec![Feature::MultiDialog]);
        assert_eq!(conversation.over(&client), both);
        let json = r#"{"clientProperties":{"os":"IOS"},"features":["MULTI_DIALOG"]}"#;
        let given = Argument::read(json, "x", &Channel::MEMBERS).unwrap();
        assert_eq!(Channel::read(&given).unwrap(), conversation);
    }

    #[test]
    fn what_belongs_to_the_service_goes_out_as_it_was_written() {
        let json = "{\"browser\":\"x\",\"deviceModel\":7,\"type\":\"ClientProperties\",\n \"new\":{\"a\":\n\t[1e400]}}";
        let properties = ClientProperties::from_json(json).unwrap();
        assert_eq!(
            properties.header().unwrap().unwrap(),
            r#"{"browser":"x","deviceModel":7,"type":"ClientProperties","new":{"a":  [1e400]}}"#
        );
        let named = features("AUTO_MESSAGES, NEW_ONE").unwrap();
        assert_eq!(named, [Feature::AutoMessages, Feature::Named("NEW_ONE".into())]);
        for bad in
            ["AUTO_MESSAGES,", r#"["CO_APP"]"#, "CO_APP; RICH_CONTENT", "CO_APP RICH_CONTENT"]
        {
            assert!(features(bad).is_err(), "{bad}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST));
        for bad in ["[]", "{", &long] {
            assert!(ClientProperties::from_json(bad).is_err());
        }
        let json = format!(r#"{{"clientProperties":{long}}}"#);
        let given = Argument::read(&json, "x", &Channel::MEMBERS).unwrap();
        assert!(Channel::read(&given).is_err());
    }
}
