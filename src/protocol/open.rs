//! How a conversation is opened.

use serde::Serialize;

use crate::base::error::Error;
use crate::protocol::argument::Argument;
use crate::protocol::event::{Event, Metadata};
use crate::protocol::members::{Json, Members, TextOrNumber, members, names};
use crate::protocol::profile::Profile;
use crate::protocol::properties::{Channel, ClientProperties, Feature};

/// How a conversation is opened. All members are optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    profile: Option<Profile>,
    campaign: Option<Campaign>,
    context: Option<ConversationContext>,
    skill_id: Option<TextOrNumber>,
    ttr: Option<Ttr>,
    pub(crate) first_message: Option<FirstMessage>,
    channel: Channel,
}

/// What the consumer says first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FirstMessage {
    pub event: Json,
    pub metadata: Option<Metadata>,
}

impl FirstMessage {
    fn of(event: &Event, metadata: Option<Metadata>) -> FirstMessage {
        FirstMessage { event: Json(event.json().to_owned()), metadata }
    }

    fn text(text: &str) -> FirstMessage {
        FirstMessage::of(&Event::text(text), None)
    }
}

/// How a conversation opened earlier is gone on with. All members are optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachOptions {
    pub(crate) dialog_id: Option<String>,
    pub(crate) channel: Channel,
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
        visitor_id: TextOrNumber = "visitorId",
        /// Id of the visit.
        session_id: TextOrNumber = "sessionId",
        /// Id of the interaction context.
        interaction_context_id: TextOrNumber = "interactionContextId",
        /// What kind of context it is; `SharkContext` where nothing is said.
        kind: String = "type",
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

impl Ttr {
    /// What the service is told where the caller says nothing: its schema requires a value.
    pub(crate) fn usual_seconds(&self) -> Option<i64> {
        match self {
            Ttr::Urgent => Some(300),
            Ttr::Prioritized => Some(600),
            Ttr::Normal => Some(1800),
            Ttr::Custom | Ttr::Named(_) => None,
        }
    }
}

/// The body of ConsumerRequestConversation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsumerRequestConversation<'a> {
    brand_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttr_def_name: Option<&'a Ttr>,
    /// The only one there is.
    channel_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    skill_id: Option<&'a TextOrNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_info: Option<&'a Campaign>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_context: Option<Members>,
}

impl OpenOptions {
    /// No member set.
    pub fn new() -> OpenOptions {
        OpenOptions::default()
    }

    /// The consumer's profile, set in the same round trip.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> OpenOptions {
        self.profile = Some(profile);
        self
    }

    /// The campaign and engagement that the conversation belongs to.
    #[must_use]
    pub fn campaign(mut self, campaign: Campaign) -> OpenOptions {
        self.campaign = Some(campaign);
        self
    }

    /// Where in the brand's site the consumer comes from.
    #[must_use]
    pub fn context(mut self, context: ConversationContext) -> OpenOptions {
        self.context = Some(context);
        self
    }

    /// Id of the skill that the conversation goes to; `-1` is any.
    #[must_use]
    pub fn skill_id(mut self, skill_id: impl Into<TextOrNumber>) -> OpenOptions {
        self.skill_id = Some(skill_id.into());
        self
    }

    /// How urgent it is: time to respond.
    #[must_use]
    pub fn ttr(mut self, ttr: impl Into<Ttr>) -> OpenOptions {
        self.ttr = Some(ttr.into());
        self
    }

    /// What the consumer says first, sent in the same round trip.
    #[must_use]
    pub fn first_message(mut self, text: impl Into<String>) -> OpenOptions {
        self.first_message = Some(FirstMessage::text(&text.into()));
        self
    }

    /// The same with any event that can be one, and what it carries beside its content.
    #[cfg(feature = "connector")]
    #[must_use]
    pub(crate) fn first_event(mut self, event: &Event, metadata: Option<Metadata>) -> OpenOptions {
        self.first_message = Some(FirstMessage::of(event, metadata));
        self
    }

    /// What the connector says about itself, over what the client's configuration says; sent with
    /// every later request of the conversation, too.
    #[must_use]
    pub fn client_properties(mut self, properties: ClientProperties) -> OpenOptions {
        self.channel.set_properties(properties);
        self
    }

    /// What the channel can do, in place of what the client's configuration says; sent with every
    /// later request of the conversation, too.
    #[must_use]
    pub fn features(mut self, features: impl Into<Vec<Feature>>) -> OpenOptions {
        self.channel.set_features(&features.into());
        self
    }

    /// Reads options from a JSON object.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for an unknown member, with the
    /// nearest name, and for one of the wrong type. What lies inside `profile`, `campaign`,
    /// `context`, `clientProperties` and `features` is the service's to judge.
    pub fn from_json(json: &str) -> Result<OpenOptions, Error> {
        let known = ["profile", "campaign", "context", "skillId", "ttr", "firstMessage"];
        let known = [&known[..], &Channel::MEMBERS].concat();
        let given = Argument::read(json, "options_json", &known)?;
        let options = OpenOptions {
            profile: given.object("profile")?.map(Profile),
            campaign: given.object("campaign")?.map(Campaign),
            context: given.object("context")?.map(ConversationContext),
            skill_id: given.text_or_number("skillId")?,
            ttr: given.text("ttr")?.map(|name| name.as_str().into()),
            first_message: given.text("firstMessage")?.as_deref().map(FirstMessage::text),
            channel: Channel::read(&given)?,
        };
        options.check()?;
        Ok(options)
    }

    /// What cannot mean anything.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.profile.as_ref().map_or(Ok(()), |profile| profile.check("profile"))
    }

    /// The profile as it goes out; an empty one where none was given.
    pub(crate) fn profile_on_the_wire(&self) -> Profile {
        self.profile.as_ref().map(Profile::on_the_wire).unwrap_or_default()
    }

    /// What a conversation that was opened with these options is gone on with.
    #[cfg(feature = "connector")]
    pub(crate) fn to_attach(&self) -> AttachOptions {
        AttachOptions { dialog_id: None, channel: self.channel.clone() }
    }

    pub(crate) fn request<'a>(&'a self, brand_id: &'a str) -> ConsumerRequestConversation<'a> {
        let context = self.context.as_ref().map(|context| {
            let mut members = context.0.clone();
            if members.get("type").is_none() {
                members.set_first("type", "SharkContext");
            }
            members
        });
        ConsumerRequestConversation {
            brand_id,
            ttr_def_name: self.ttr.as_ref(),
            channel_type: "MESSAGING",
            skill_id: self.skill_id.as_ref(),
            campaign_info: self.campaign.as_ref(),
            conversation_context: context,
        }
    }

    /// The client properties of the conversation, over those of its client.
    pub(crate) fn properties(&self, client: &ClientProperties) -> ClientProperties {
        self.channel.over(client)
    }
}

impl AttachOptions {
    /// No member set.
    pub fn new() -> AttachOptions {
        AttachOptions::default()
    }

    /// The dialog to send to, a survey for example; the first one where nothing is said.
    #[must_use]
    pub fn dialog_id(mut self, dialog_id: impl Into<String>) -> AttachOptions {
        self.dialog_id = Some(dialog_id.into());
        self
    }

    /// What the conversation was opened with: it belongs on every request of it, also after a
    /// restart.
    #[must_use]
    pub fn client_properties(mut self, properties: ClientProperties) -> AttachOptions {
        self.channel.set_properties(properties);
        self
    }

    /// As [`client_properties`](AttachOptions::client_properties): the features it was opened with.
    #[must_use]
    pub fn features(mut self, features: impl Into<Vec<Feature>>) -> AttachOptions {
        self.channel.set_features(&features.into());
        self
    }

    /// Reads options from a JSON object with the members `dialogId`, `clientProperties` and
    /// `features`, all optional.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for an unknown member, with the
    /// nearest name, and for one of the wrong type.
    pub fn from_json(json: &str) -> Result<AttachOptions, Error> {
        let known = [&["dialogId"][..], &Channel::MEMBERS].concat();
        let given = Argument::read(json, "options_json", &known)?;
        Ok(AttachOptions { dialog_id: given.text("dialogId")?, channel: Channel::read(&given)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;

    #[test]
    fn every_member_of_the_wire_comes_from_its_option() {
        let json = r#"{"campaign":{"campaignId":"99","engagementId":7},"context":{"visitorId":"v","sessionId":"s","interactionContextId":2,"lang":"en-US"},"skillId":"-1","ttr":"URGENT"}"#;
        let options = OpenOptions::from_json(json).unwrap();
        let built = OpenOptions::new()
            .campaign(Campaign::new().campaign_id("99").engagement_id(7))
            .context(
                ConversationContext::new()
                    .visitor_id("v")
                    .session_id("s")
                    .interaction_context_id(2)
                    .lang("en-US"),
            )
            .skill_id("-1")
            .ttr(Ttr::Urgent);
        assert_eq!(options, built);
        assert_eq!(
            serde_json::to_string(&options.request("le1")).unwrap(),
            r#"{"brandId":"le1","ttrDefName":"URGENT","channelType":"MESSAGING","skillId":"-1","campaignInfo":{"campaignId":"99","engagementId":7},"conversationContext":{"type":"SharkContext","visitorId":"v","sessionId":"s","interactionContextId":2,"lang":"en-US"}}"#
        );
        let none = OpenOptions::from_json(r#"{"ttr":null}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&none.request("le1")).unwrap(),
            r#"{"brandId":"le1","channelType":"MESSAGING"}"#
        );
    }

    #[test]
    fn what_belongs_to_the_service_goes_out_as_it_was_written() {
        let json = r#"{"skillId":12345678901234567890123,"ttr":"SOON","campaign":{"campaignId":[],"new":1},"context":{"type":"SMSContext","x":{}}}"#;
        let options = OpenOptions::from_json(json).unwrap();
        assert_eq!(
            serde_json::to_string(&options.request("le1")).unwrap(),
            r#"{"brandId":"le1","ttrDefName":"SOON","channelType":"MESSAGING","skillId":12345678901234567890123,"campaignInfo":{"campaignId":[],"new":1},"conversationContext":{"type":"SMSContext","x":{}}}"#
        );
    }

    #[test]
    fn a_bad_member_of_ours_is_named_with_what_is_allowed() {
        for (bad, says) in [
            ("", "options_json is not JSON: EOF"),
            ("[]", "options_json is not a JSON object"),
            (r#"{"firstMessage":1}"#, "options_json: firstMessage: it takes a string"),
            (r#"{"first_message":"Hi"}"#, "did you mean 'firstMessage'?"),
            (r#"{"skillId":[]}"#, "options_json: skillId: it takes a string or a number"),
            (r#"{"campaign":[]}"#, "options_json: campaign: it takes an object"),
            (r#"{"features":"X"}"#, "options_json: features: it takes an array"),
            (
                r#"{"profile":{"authenticatedData":{},"personal":{}}}"#,
                "profile: 'authenticatedData' and",
            ),
            (r#"{"skillId":"a","skillId":"b"}"#, "the member 'skillId' comes twice"),
        ] {
            let error = OpenOptions::from_json(bad).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains(says), "{error}\n{says}");
        }
        let error = AttachOptions::from_json(r#"{"dialog":"d"}"#).unwrap_err();
        assert!(error.message().contains("did you mean 'dialogId'?"), "{error}");
    }
}
