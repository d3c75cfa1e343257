//! How a conversation is opened.

use serde::Serialize;

use crate::error::Error;
use crate::members::{TextOrNumber, members, names, read};
use crate::profile::Profile;
use crate::properties::{ClientProperties, Feature};

members! {
    /// How a conversation is opened. All members are optional.
    pub struct OpenOptions {
        /// The consumer's profile, set in the same round trip.
        profile: Profile = "profile",
        /// The campaign and engagement that the conversation belongs to.
        campaign: Campaign = "campaign",
        /// Where in the brand's site the consumer comes from.
        context: ConversationContext = "context",
        /// Id of the skill that the conversation goes to; `-1` is any.
        skill_id: String = "skillId",
        /// How urgent it is: time to respond.
        ttr: Ttr = "ttr",
        /// What the consumer says first, sent in the same round trip.
        first_message: String = "firstMessage",
        /// What the connector says about itself, over what the client's configuration says; sent
        /// with every later request of the conversation, too.
        client_properties: ClientProperties = "clientProperties",
        /// What the channel can do, in place of what the client's configuration says.
        features: Vec<Feature> = "features",
    }
}

members! {
    /// A campaign and an engagement of it.
    pub struct Campaign {
        /// Id of the campaign.
        campaign_id: TextOrNumber = "campaignId",
        /// Id of the engagement.
        engagement_id: TextOrNumber = "engagementId",
    }
}

members! {
    /// Where in the brand's site the consumer comes from.
    pub struct ConversationContext {
        /// Id of the visitor.
        visitor_id: String = "visitorId",
        /// Id of the visit.
        session_id: String = "sessionId",
        /// Id of the interaction context.
        interaction_context_id: String = "interactionContextId",
        /// Language, for example `en-US`.
        lang: String = "lang",
    }
}

names! {
    /// How urgent a conversation is: time to respond.
    pub enum Ttr {
        /// `NORMAL`
        Normal = "NORMAL",
        /// `URGENT`
        Urgent = "URGENT",
        /// `PRIORITIZED`
        Prioritized = "PRIORITIZED",
        /// `CUSTOM`
        Custom = "CUSTOM",
    }
}

/// The body of ConsumerRequestConversation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsumerRequestConversation<'a> {
    brand_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttr_def_name: Option<Ttr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skill_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_info: Option<&'a Campaign>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_context: Option<Context<'a>>,
}

#[derive(Serialize)]
struct Context<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    members: &'a ConversationContext,
}

impl OpenOptions {
    /// Reads options from a JSON object.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument), naming the member and what is
    /// allowed there.
    pub fn from_json(json: &str) -> Result<OpenOptions, Error> {
        let options: OpenOptions = read(json, "options_json")?;
        options.check()?;
        Ok(options)
    }

    /// What the types cannot say.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.profile.as_ref().map_or(Ok(()), |profile| profile.check("profile"))
    }

    pub(crate) fn request<'a>(&'a self, brand_id: &'a str) -> ConsumerRequestConversation<'a> {
        ConsumerRequestConversation {
            brand_id,
            ttr_def_name: self.ttr,
            skill_id: self.skill_id.as_deref(),
            campaign_info: self.campaign.as_ref(),
            conversation_context: self
                .context
                .as_ref()
                .map(|members| Context { r#type: "SharkContext", members }),
        }
    }

    /// The client properties of the conversation, over those of its client.
    pub(crate) fn properties(&self, client: &ClientProperties) -> ClientProperties {
        let mut properties = match &self.client_properties {
            Some(own) => client.overlaid(own),
            None => client.clone(),
        };
        if self.features.is_some() {
            properties.features = self.features.clone();
        }
        properties
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn every_member_of_the_wire_comes_from_its_option() {
        let json = r#"{"campaign":{"campaignId":"99","engagementId":7},"context":{"visitorId":"v","sessionId":"s","interactionContextId":"1","lang":"en-US"},"skillId":"-1","ttr":"URGENT"}"#;
        let options = OpenOptions::from_json(json).unwrap();
        let built = OpenOptions::new()
            .campaign(Campaign::new().campaign_id("99").engagement_id(7))
            .context(
                ConversationContext::new()
                    .visitor_id("v")
                    .session_id("s")
                    .interaction_context_id("1")
                    .lang("en-US"),
            )
            .skill_id("-1")
            .ttr(Ttr::Urgent);
        assert_eq!(options, built);
        assert_eq!(
            serde_json::to_string(&options.request("le1")).unwrap(),
            r#"{"brandId":"le1","ttrDefName":"URGENT","skillId":"-1","campaignInfo":{"campaignId":"99","engagementId":7},"conversationContext":{"type":"SharkContext","visitorId":"v","sessionId":"s","interactionContextId":"1","lang":"en-US"}}"#
        );
        let none = OpenOptions::from_json(r#"{"ttr":null}"#).unwrap();
        assert_eq!(serde_json::to_string(&none.request("le1")).unwrap(), r#"{"brandId":"le1"}"#);
    }

    #[test]
    fn a_bad_member_is_named_with_what_is_allowed() {
        for (bad, says) in [
            ("", "options_json: EOF"),
            ("[]", "options_json: invalid type: sequence, expected an object"),
            (
                r#"{"firstMessage":1}"#,
                "options_json: firstMessage: invalid type: integer `1`, expected a string",
            ),
            (
                r#"{"first_message":"Hi"}"#,
                "options_json: first_message: unknown member `first_message`, expected one of `profile`, `campaign`",
            ),
            (
                r#"{"ttr":"SOON"}"#,
                "options_json: ttr: unknown value `SOON`, expected one of `NORMAL`, `URGENT`, `PRIORITIZED`, `CUSTOM`",
            ),
            (
                r#"{"campaign":{"campaignId":[]}}"#,
                "options_json: campaign.campaignId: expected a string or a number",
            ),
            (r#"{"features":["X"]}"#, "options_json: features[0]: unknown value `X`"),
            (
                r#"{"context":{"type":"SharkContext"}}"#,
                "options_json: context.type: unknown member",
            ),
            (
                r#"{"profile":{"authenticatedData":{},"personal":{}}}"#,
                "profile: 'authenticatedData' and",
            ),
            (r#"{"skillId":"a","skillId":"b"}"#, "duplicate member `skillId`"),
        ] {
            let error = OpenOptions::from_json(bad).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains(says), "{error}\n{says}");
        }
    }
}
