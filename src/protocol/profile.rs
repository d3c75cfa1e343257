//! The consumer's profile: who they are, as the agent sees it.

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::base::error::Error;
use crate::protocol::json::is_object;
use crate::protocol::members::{Members, TextOrNumber, members, names};

members! {
    /// A consumer's profile. All members are optional; those that are set replace what the service
    /// knows. Accounts know more of them than are listed here: other members and values go out as
    /// they are written.
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

members! {
    /// One engagement attribute.
    pub struct Sde {
        /// What it is: `ctmrinfo`, `personal` or another.
        kind: String = "type",
        /// Customer info, of type `ctmrinfo`.
        info: Customer = "info",
        /// Personal info, of type `personal`.
        personal: Personal = "personal",
        /// How the consumer proved it.
        auth: SdeAuth = "auth",
    }
}

impl Sde {
    /// An attribute of type `ctmrinfo`.
    pub fn of_customer(info: Customer) -> Sde {
        Sde::new().kind("ctmrinfo").info(info)
    }

    /// An attribute of type `personal`.
    pub fn of_person(personal: Personal) -> Sde {
        Sde::new().kind("personal").personal(personal)
    }
}

members! {
    /// How a consumer proved what an engagement attribute says.
    pub struct SdeAuth {
        /// Methods of authentication, for example `pwd`.
        amr: Vec<String> = "amr",
        /// Who says so.
        iss: String = "iss",
    }
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
        company_size: TextOrNumber = "companySize",
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
        /// Whether the customer is logged in: a text, or a number.
        login_status: TextOrNumber = "loginStatus",
        /// Number of the store.
        store_number: TextOrNumber = "storeNumber",
        /// Zip code of the store.
        store_zip_code: TextOrNumber = "storeZipCode",
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

/// The short form, which becomes engagement attributes: member, type of the attribute, and the
/// attribute's member that holds it.
const SHORT_FORM: [(&str, &str, &str); 2] =
    [("customer", "ctmrinfo", "info"), ("personal", "personal", "personal")];

const AUTHENTICATED_DATA: &str = "authenticatedData";

impl Profile {
    /// Reads a profile from JSON: the body of a SetUserProfile request, or its short form
    /// `{"customer":{…},"personal":{…}}`.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if it is no object, or a member
    /// that must be one is not.
    pub fn from_json(json: &str) -> Result<Profile, Error> {
        let profile = Profile(Members::read(json, "profile")?);
        profile.check("profile")?;
        Ok(profile)
    }

    /// What cannot mean anything.
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        for member in [AUTHENTICATED_DATA, "customer", "personal", "privateData"] {
            if self.0.get(member).is_some_and(|value| !is_object(value)) {
                return Err(Error::invalid(format!("{name}: {member}: it takes an object")));
            }
        }
        let is_short = SHORT_FORM.iter().any(|(member, ..)| self.0.get(member).is_some());
        if is_short && self.0.get(AUTHENTICATED_DATA).is_some() {
            return Err(Error::invalid(format!(
                "{name}: 'authenticatedData' and the short form 'customer', 'personal' exclude each other"
            )));
        }
        Ok(())
    }

    /// The profile as the body of SetUserProfile: the short form is turned into `lp_sdes`.
    pub(crate) fn on_the_wire(&self) -> Profile {
        let mut members = self.0.clone();
        let mut sdes = Vec::new();
        for (member, kind, place) in SHORT_FORM {
            if let Some(value) = members.take(member) {
                sdes.push(attribute(kind, place, &value));
            }
        }
        if !sdes.is_empty() {
            members.set_first(AUTHENTICATED_DATA, &AuthenticatedData::new().lp_sdes(sdes));
        }
        Profile(members)
    }
}

fn attribute(kind: &str, place: &str, value: &RawValue) -> Sde {
    let mut sde = Sde::new().kind(kind);
    sde.0.set(place, value);
    sde
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
            .personal(Personal::new().first_name("John").gender("OTHER"))
            .last_name("Doe");
        assert_eq!(Profile::from_json(short).unwrap(), built);
        assert_eq!(
            serde_json::to_string(&built.on_the_wire()).unwrap(),
            r#"{"authenticatedData":{"lp_sdes":[{"type":"ctmrinfo","info":{"customerId":"4711","balance":12.5,"companySize":3}},{"type":"personal","personal":{"firstname":"John","gender":"OTHER"}}]},"lastName":"Doe"}"#
        );
    }

    #[test]
    fn what_belongs_to_the_service_goes_out_as_it_was_written() {
        for raw in [
            r#"{"authenticatedData":{"lp_sdes":[{"type":"personal","personal":{"contacts":[{"email":"a@b","fax":1}]}}]},"privateData":{"mail":"a@b"}}"#,
            r#"{"authenticatedData":{"lp_sdes":{"type":"new","new":[1]}},"firstName":7,"more":1e400}"#,
        ] {
            let profile = Profile::from_json(raw).unwrap();
            assert_eq!(serde_json::to_string(&profile.on_the_wire()).unwrap(), raw);
        }
        let short = r#"{"personal":{"gender":"X","age":"old","new":[]}}"#;
        assert_eq!(
            serde_json::to_string(&Profile::from_json(short).unwrap().on_the_wire()).unwrap(),
            r#"{"authenticatedData":{"lp_sdes":[{"type":"personal","personal":{"gender":"X","age":"old","new":[]}}]}}"#
        );
        let authenticated = Sde::of_customer(Customer::new().login_status(1).store_number("7"))
            .auth(SdeAuth::new().amr(vec!["pwd".to_owned()]).iss("us"))
            .member("more", "[1]")
            .unwrap();
        assert_eq!(
            serde_json::to_string(&authenticated).unwrap(),
            r#"{"type":"ctmrinfo","info":{"loginStatus":1,"storeNumber":"7"},"auth":{"amr":["pwd"],"iss":"us"},"more":[1]}"#
        );
    }

    #[test]
    fn what_cannot_mean_anything_is_refused() {
        for (json, says) in [
            (r#"{"customer":[]}"#, "profile: customer: it takes an object"),
            (r#"{"authenticatedData":"x"}"#, "profile: authenticatedData: it takes an object"),
            ("[1]", "profile is not a JSON object"),
            ("", "profile is not JSON: EOF"),
            ("{} x", "profile is not JSON: trailing"),
            (r#"{"authenticatedData":{},"customer":{}}"#, "exclude each other"),
        ] {
            let error = Profile::from_json(json).unwrap_err();
            assert!(error.message().contains(says), "{error}\n{says}");
        }
    }
}
