//! The consumer's profile: who they are, as the agent sees it.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::error::Error;
use crate::members::{members, names, read};

members! {
    /// A consumer's profile. All members are optional; those that are set replace what the service
    /// knows.
    ///
    /// [`customer`](Profile::customer) and [`personal`](Profile::personal) are engagement
    /// attributes (SDEs); `authenticated_data` is the same in the form of the wire, for whoever has
    /// it already.
    pub struct Profile {
        /// Engagement attributes in the form of the wire: `{"lp_sdes":[…]}`. Not together with
        /// `customer` or `personal`.
        authenticated_data: AuthenticatedData = "authenticatedData",
        /// Customer info: an engagement attribute of type `ctmrinfo`.
        customer: Customer = "customer",
        /// Personal info: an engagement attribute of type `personal`.
        personal: Personal = "personal",
        /// First name.
        first_name: String = "firstName",
        /// Last name.
        last_name: String = "lastName",
        /// The connector's own id of the user.
        user_id: String = "userId",
        /// URL of a picture.
        avatar_url: String = "avatarUrl",
        /// Role.
        role: String = "role",
        /// URL of a background picture.
        background_image_uri: String = "backgndImgUri",
        /// Description.
        description: String = "description",
        /// How the consumer is reached.
        private_data: PrivateData = "privateData",
    }
}

members! {
    /// Engagement attributes in the form of the wire.
    pub struct AuthenticatedData {
        /// The attributes, each `{"type":"ctmrinfo","info":{…}}` or
        /// `{"type":"personal","personal":{…}}`.
        lp_sdes: Vec<Sde> = "lp_sdes",
    }
}

/// One engagement attribute.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
#[non_exhaustive]
pub enum Sde {
    /// Customer info.
    #[serde(rename = "ctmrinfo")]
    Customer {
        /// The attribute.
        info: Customer,
    },
    /// Personal info.
    #[serde(rename = "personal")]
    Personal {
        /// The attribute.
        personal: Personal,
    },
}

members! {
    /// How the consumer is reached.
    pub struct PrivateData {
        /// Phone number.
        mobile_num: String = "mobileNum",
        /// Mail address.
        mail: String = "mail",
        /// Push notifications to the consumer's device.
        push_notification_data: PushNotificationData = "pushNotificationData",
    }
}

members! {
    /// Push notifications to the consumer's device.
    pub struct PushNotificationData {
        /// Name of the service.
        service_name: String = "serviceName",
        /// Name of the certificate.
        cert_name: String = "certName",
        /// The device's token.
        token: String = "token",
    }
}

members! {
    /// Customer info: what the business knows of the consumer.
    pub struct Customer {
        /// Status of the customer, for example `cancelled`.
        status: String = "cstatus",
        /// Type of the customer, for example `vip`.
        kind: String = "ctype",
        /// The business's id of the customer.
        customer_id: String = "customerId",
        /// Balance of the account.
        balance: Number = "balance",
        /// Currency of the balance.
        currency: String = "currency",
        /// Id in a social network.
        social_id: String = "socialId",
        /// Id of the device.
        imei: String = "imei",
        /// User name.
        user_name: String = "userName",
        /// Number of people in the company.
        company_size: i64 = "companySize",
        /// Branch of the company.
        company_branch: String = "companyBranch",
        /// Name of the account.
        account_name: String = "accountName",
        /// Role.
        role: String = "role",
        /// Date of the last payment.
        last_payment_date: Date = "lastPaymentDate",
        /// Date of the registration.
        registration_date: Date = "registrationDate",
        /// Whether the customer is logged in, as text.
        login_status: String = "loginStatus",
    }
}

members! {
    /// A calendar date.
    pub struct Date {
        /// Day of the month.
        day: i64 = "day",
        /// Month, 1 is January.
        month: i64 = "month",
        /// Year.
        year: i64 = "year",
    }
}

members! {
    /// Personal info.
    pub struct Personal {
        /// First name.
        first_name: String = "firstname",
        /// Last name.
        last_name: String = "lastname",
        /// Age or birthday.
        age: Age = "age",
        /// Ways to reach the person: objects with `email`, `phone` and more.
        contacts: Vec<Map<String, Value>> = "contacts",
        /// Gender.
        gender: Gender = "gender",
        /// Language, for example `en-US`.
        language: String = "language",
        /// Company.
        company: String = "company",
    }
}

members! {
    /// Age or birthday.
    pub struct Age {
        /// Age in years.
        age: i64 = "age",
        /// Year of birth.
        year: i64 = "year",
        /// Month of birth, 1 is January.
        month: i64 = "month",
        /// Day of birth.
        day: i64 = "day",
    }
}

names! {
    /// Gender, as far as the service tells it apart.
    pub enum Gender {
        /// `MALE`
        Male = "MALE",
        /// `FEMALE`
        Female = "FEMALE",
        /// `OTHER`
        Other = "OTHER",
    }
}

impl Profile {
    /// Reads a profile from JSON: the body of a SetUserProfile request, or its short form
    /// `{"customer":{…},"personal":{…}}`.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument), naming the member and what is
    /// allowed there.
    pub fn from_json(json: &str) -> Result<Profile, Error> {
        let profile: Profile = read(json, "profile")?;
        profile.check("profile")?;
        Ok(profile)
    }

    /// What the types cannot say.
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        if self.authenticated_data.is_some() && (self.customer.is_some() || self.personal.is_some())
        {
            return Err(Error::invalid(format!(
                "{name}: 'authenticatedData' and the short form 'customer', 'personal' exclude each other"
            )));
        }
        Ok(())
    }

    /// The profile as the body of SetUserProfile: the short form is turned into `lp_sdes`.
    pub(crate) fn on_the_wire(&self) -> Profile {
        let mut profile = self.clone();
        let customer = profile.customer.take().map(|info| Sde::Customer { info });
        let personal = profile.personal.take().map(|personal| Sde::Personal { personal });
        let sdes: Vec<Sde> = customer.into_iter().chain(personal).collect();
        if !sdes.is_empty() {
            profile.authenticated_data = Some(AuthenticatedData::new().lp_sdes(sdes));
        }
        profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_becomes_engagement_attributes() {
        let short = r#"{"customer":{"customerId":"4711","balance":12.5,"companySize":3},"personal":{"firstname":"John","gender":"OTHER"},"lastName":"Doe"}"#;
        let built = Profile::new()
            .customer(
                Customer::new()
                    .customer_id("4711")
                    .balance(Number::from_f64(12.5).unwrap())
                    .company_size(3),
            )
            .personal(Personal::new().first_name("John").gender(Gender::Other))
            .last_name("Doe");
        assert_eq!(Profile::from_json(short).unwrap(), built);
        assert_eq!(
            serde_json::to_string(&built.on_the_wire()).unwrap(),
            r#"{"authenticatedData":{"lp_sdes":[{"type":"ctmrinfo","info":{"customerId":"4711","balance":12.5,"companySize":3}},{"type":"personal","personal":{"firstname":"John","gender":"OTHER"}}]},"lastName":"Doe"}"#
        );
    }

    #[test]
    fn the_raw_form_goes_out_as_it_is() {
        let raw = r#"{"authenticatedData":{"lp_sdes":[{"type":"personal","personal":{"contacts":[{"email":"a@b","fax":1}]}}]},"privateData":{"mail":"a@b"}}"#;
        let profile = Profile::from_json(raw).unwrap();
        assert_eq!(serde_json::to_string(&profile.on_the_wire()).unwrap(), raw);
    }

    #[test]
    fn a_bad_member_is_named_with_what_is_allowed() {
        for (json, says) in [
            (
                r#"{"personal":{"firstName":"J"}}"#,
                "profile: personal.firstName: unknown member `firstName`, expected one of `firstname`, `lastname`",
            ),
            (
                r#"{"personal":{"gender":"X"}}"#,
                "profile: personal.gender: unknown value `X`, expected one of `MALE`, `FEMALE`, `OTHER`",
            ),
            (
                r#"{"customer":{"companySize":"big"}}"#,
                "profile: customer.companySize: invalid type: string \\\"big\\\", expected a whole number",
            ),
            (
                r#"{"customer":{"registrationDate":{"day":1.5}}}"#,
                "profile: customer.registrationDate.day: invalid type: floating point",
            ),
            (r#"{"customer":[]}"#, "customer"),
            ("[1,2,3,4,5,6,7,8,9,10,11,12]", "profile"),
            ("", "profile: EOF"),
            ("{} x", "profile: trailing"),
            (r#"{"authenticatedData":{"lp_sdes":[{"type":"other"}]}}"#, "lp_sdes[0]"),
            (r#"{"authenticatedData":{},"customer":{}}"#, "exclude each other"),
        ] {
            let error = Profile::from_json(json).unwrap_err();
            assert!(error.message().contains(says), "{error}\n{says}");
        }
    }
}
