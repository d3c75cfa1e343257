//! Client properties: what the connector says about itself and its channel in a header.

use serde::Serialize;
use ureq::http::{HeaderName, HeaderValue};

use crate::error::Error;
use crate::members::{members, names, read};

pub(crate) const CLIENT_PROPERTIES: HeaderName = HeaderName::from_static("client-properties");

members! {
    /// What the connector says about itself and its channel.
    pub struct ClientProperties {
        /// Id of the app.
        app_id: String = "appId",
        /// Version of the app.
        app_version: String = "appVersion",
        /// Kind of device, for example `MOBILE`.
        device_family: String = "deviceFamily",
        /// Operating system, for example `ANDROID`.
        os: String = "os",
        /// Name of the operating system.
        os_name: String = "osName",
        /// Version of the operating system.
        os_version: String = "osVersion",
        /// How the channel is integrated, for example `BRAND_SDK`.
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
    }
}

/// They travel in a header, so they are short.
const LONGEST: usize = 4096;

impl ClientProperties {
    /// Reads client properties from a JSON object.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument), naming the member and what is
    /// allowed there.
    pub fn from_json(json: &str) -> Result<ClientProperties, Error> {
        if json.len() > LONGEST {
            let message = format!("clientProperties have more than {LONGEST} bytes");
            return Err(Error::invalid(message));
        }
        read(json, "clientProperties")
    }

    /// These, with those of `over` in place where it has any.
    pub(crate) fn overlaid(&self, over: &ClientProperties) -> ClientProperties {
        macro_rules! merged {
            ($($field:ident),*) => {
                ClientProperties { $($field: over.$field.clone().or_else(|| self.$field.clone()),)* }
            };
        }
        merged!(
            app_id,
            app_version,
            device_family,
            os,
            os_name,
            os_version,
            integration,
            integration_version,
            time_zone,
            ip_address,
            features
        )
    }

    /// The header's value; none if nothing is set.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        #[derive(Serialize)]
        struct Header<'a> {
            r#type: &'static str,
            #[serde(flatten)]
            members: &'a ClientProperties,
        }
        if *self == ClientProperties::default() {
            return None;
        }
        let header = Header { r#type: ".ClientProperties", members: self };
        let json = serde_json::to_string(&header).unwrap_or_default();
        HeaderValue::from_str(&ascii(&json)).ok()
    }
}

/// JSON with everything beyond ASCII escaped, because headers are ASCII.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\x7f' {
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
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    let json = serde_json::json!(names).to_string();
    read(&json, "features")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_ascii_json_and_absent_without_content() {
        assert_eq!(ClientProperties::new().header(), None);
        let properties = ClientProperties::new()
            .app_id("é👍\u{7f}")
            .features(vec![Feature::AutoMessages, Feature::RichContent]);
        assert_eq!(
            properties.header().unwrap(),
            r#"{"type":".ClientProperties","appId":"\u00e9\ud83d\udc4d\u007f","features":["AUTO_MESSAGES","RICH_CONTENT"]}"#
        );
    }

    #[test]
    fn a_conversation_overlays_its_client_member_by_member() {
        let client = ClientProperties::new().app_id("a").os("ANDROID");
        let conversation = ClientProperties::new().os("IOS");
        let both = ClientProperties::new().app_id("a").os("IOS");
        assert_eq!(client.overlaid(&conversation), both);
    }

    #[test]
    fn unknown_members_and_features_are_refused() {
        let error = ClientProperties::from_json(r#"{"appid":"a"}"#).unwrap_err();
        assert!(
            error.message().contains(
                "clientProperties: appid: unknown member `appid`, expected one of `appId`"
            ),
            "{error}"
        );
        assert_eq!(
            features("AUTO_MESSAGES, CO_APP").unwrap(),
            [Feature::AutoMessages, Feature::CoApp]
        );
        let error = features("AUTO_MESAGES").unwrap_err();
        assert!(
            error.message().contains("unknown value `AUTO_MESAGES`, expected one of `CO_BROWSE`"),
            "{error}"
        );
    }
}
