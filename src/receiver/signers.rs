//! Whose notification a request is: webhooks are account-wide, headers tell accounts and app installs
//! apart, and a signature proves it.

use hyper::header::HeaderMap;
use secrecy::ExposeSecret;

use crate::base::error::Error;
use crate::base::text::shorten;
use crate::config::accounts::{Account, Accounts};
use crate::protocol::webhook::Signatures;

const ACCOUNT: &str = "x-liveperson-account-id";
const CLIENT: &str = "x-liveperson-client-id";
const SIGNATURE: &str = "x-liveperson-signature";

/// What a request is signed with; an error if it is nothing that can be a signature. One header may
/// hold several, and there may be several headers, because a proxy can add one.
pub(crate) fn signatures(headers: &HeaderMap) -> Result<Signatures, Error> {
    let texts = headers.get_all(SIGNATURE).iter().filter_map(|value| value.to_str().ok());
    Signatures::read(&texts.collect::<Vec<_>>().join(","))
}

/// The accounts that may have signed a request.
pub(crate) struct Signers<'a> {
    named: String,
    accounts: Vec<&'a Account>,
}

impl Signers<'_> {
    /// Those of ours that the headers allow; an error, the end of a log line, if there are none.
    pub(crate) fn of<'a>(
        accounts: &'a Accounts,
        headers: &HeaderMap,
    ) -> Result<Signers<'a>, String> {
        // What cannot be read is nobody's name.
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let (account, client) = (header(ACCOUNT), header(CLIENT));
        let fits = |known: &Option<String>, named: Option<&str>| match (known, named) {
            (Some(known), Some(named)) => known.eq_ignore_ascii_case(named),
            _ => true,
        };
        let named = |it: &Account| it.id.is_some() && account.is_some() && fits(&it.id, account);
        // An account without an id stands for those that nobody else stands for.
        let is_others = accounts.others.iter().any(named);
        let of_account = |it: &&Account| fits(&it.id, account) && (it.id.is_some() || !is_others);
        let found: Vec<&Account> = accounts.with_secrets().filter(of_account).collect();
        if found.is_empty() {
            let account = shorten(account.unwrap_or_default());
            return Err(format!("a notification of the account '{account}', which is not ours"));
        }
        let found: Vec<&Account> =
            found.into_iter().filter(|it| fits(&it.client_id, client)).collect();
        if found.is_empty() {
            let client = shorten(client.unwrap_or_default());
            return Err(format!("a notification for the app '{client}', which is not ours"));
        }
        Ok(Signers { named: account.unwrap_or_default().to_owned(), accounts: found })
    }

    /// Checks the signatures; gives the account whose one is, empty if nobody knows.
    pub(crate) fn verify(self, body: &[u8], signatures: &Signatures) -> Result<String, Error> {
        let mut refused = Error::invalid("there is no secret to check signatures with");
        for account in self.accounts {
            let secrets: Vec<&str> =
                account.secrets.iter().map(ExposeSecret::expose_secret).collect();
            match signatures.verify(&secrets, body) {
                // As it was configured, however the header spells it.
                Ok(()) => return Ok(account.id.clone().unwrap_or(self.named)),
                Err(error) => refused = error,
            }
        }
        Err(match self.named.as_str() {
            "" => refused,
            named => refused.context(&format!("account {}", shorten(named))),
        })
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn account(id: Option<&str>, client_id: Option<&str>, secret: &str) -> Account {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Account { id: text(id), client_id: text(client_id), secrets: vec![secret.into()] }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let parsed =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        parsed.collect()
    }

    fn signed(secret: &str) -> Signatures {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let hex: String =
            ring::hmac::sign(&key, b"x").as_ref().iter().map(|b| format!("{b:02x}")).collect();
        Signatures::read(&format!("sha256={hex}")).unwrap()
    }

    #[test]
    fn headers_tell_accounts_and_apps_apart() {
        let both = Accounts {
            own: account(Some("le1"), Some("app-1"), "secret-1"),
            others: vec![account(Some("le2"), None, "secret-2")],
        };
        let of = |pairs: &[(&'static str, &'static str)], secret: &str| {
            let signers = Signers::of(&both, &headers(pairs))?;
            signers.verify(b"x", &signed(secret)).map_err(|error| error.message().to_owned())
        };
        assert_eq!(of(&[(ACCOUNT, "le1"), (CLIENT, "APP-1")], "secret-1"), Ok("le1".to_owned()));
        assert_eq!(of(&[(ACCOUNT, "le2"), (CLIENT, "any")], "secret-2"), Ok("le2".to_owned()));
        assert_eq!(of(&[], "secret-2"), Ok("le2".to_owned()), "told by its secret");
        for (pairs, secret, why) in [
            (&[(ACCOUNT, "le3")][..], "secret-1", "of the account 'le3', which is not ours"),
            (&[(ACCOUNT, "le1"), (CLIENT, "b")], "secret-1", "for the app 'b', which is not ours"),
            (&[(ACCOUNT, "le1")], "secret-2", "does not match"),
            (&[], "secret-3", "does not match"),
        ] {
            let refused = of(pairs, secret).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        let any = Accounts { own: account(None, None, "secret-1"), others: Vec::new() };
        let signers = Signers::of(&any, &headers(&[(ACCOUNT, "le9")])).ok().unwrap();
        assert_eq!(signers.verify(b"x", &signed("secret-1")).unwrap(), "le9");
        let own_is_any = Accounts {
            own: account(None, None, "secret-1"),
            others: vec![account(Some("le2"), None, "secret-2")],
        };
        let of = |name, secret: &str| {
            let signers = Signers::of(&own_is_any, &headers(&[(ACCOUNT, name)]))?;
            signers.verify(b"x", &signed(secret)).map_err(|error| error.message().to_owned())
        };
        assert_eq!(of("LE2", "secret-2").unwrap(), "le2", "as it was configured");
        assert_eq!(of("le9", "secret-1").unwrap(), "le9");
        assert!(of("le2", "secret-1").unwrap_err().starts_with("account le2: "));
        let mut unreadable = HeaderMap::new();
        unreadable.insert(ACCOUNT, HeaderValue::from_bytes(b"le1\xff").unwrap());
        assert!(Signers::of(&both, &unreadable).is_err());
    }
}
