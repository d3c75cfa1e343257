//! Places in the file storage, as the messaging service gives them out.

use serde_json::value::RawValue;

use crate::base::error::{Error, Status};
use crate::protocol::json::{each_member, is_object, members, text};
use crate::protocol::response::Response;

/// A place in the storage, good for about a minute.
pub(crate) struct StorageUrl {
    pub relative_path: String,
    query: String,
    /// What opens it: a secret.
    signature: Option<String>,
}

impl StorageUrl {
    pub(crate) fn read(response: &Response, doing: &'static str) -> Result<StorageUrl, Error> {
        let broken = |why: &str| {
            let message = format!("{doing}: {why}");
            Error::new(Status::Protocol, message).with_delivery(response.delivery())
        };
        StorageUrl::parse(response.body()).map_err(broken)
    }

    fn parse(body: &str) -> Result<StorageUrl, &'static str> {
        let broken = "the answer is not a relativePath with queryParams";
        let body: &RawValue = serde_json::from_str(body).map_err(|_| broken)?;
        let [path, parameters] = members(Some(body), ["relativePath", "queryParams"]);
        let parameters = parameters.filter(|parameters| is_object(parameters)).ok_or(broken)?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut signature = None;
        each_member(parameters, |name, value| {
            // Texts or numbers: temp_url_expires is either.
            let value = text(Some(value));
            query.append_pair(&name, &value);
            if name == "temp_url_sig" {
                signature.get_or_insert(value);
            }
        });
        let url = StorageUrl { relative_path: text(path), query: query.finish(), signature };
        // It must stay a path behind the storage's own host.
        let path = &url.relative_path;
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && !b"?#\\".contains(&b));
        if !path.starts_with('/') || !plain {
            return Err("the relativePath is not a path");
        }
        Ok(url)
    }

    /// Behind the storage's host.
    pub(crate) fn path_and_query(&self) -> String {
        format!("{}?{}", self.relative_path, self.query)
    }

    /// What must not come back in an error.
    pub(crate) fn signature(&self) -> Vec<&[u8]> {
        self.signature.iter().map(String::as_bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_opens_the_place() {
        let parameters = r#"{"temp_url_expires":1,"temp_url_sig":"a&b","temp_url_sig":"c"}"#;
        let body = format!(r#"{{"relativePath":"/x","queryParams":{parameters}}}"#);
        let url = StorageUrl::parse(&body).unwrap();
        assert_eq!(url.signature(), [b"a&b"]);
        let query = "temp_url_expires=1&temp_url_sig=a%26b&temp_url_sig=c";
        assert_eq!(url.path_and_query(), format!("/x?{query}"));
    }

    #[test]
    fn a_storage_url_stays_on_its_host() {
        let parse = |path: &str| {
            let path = serde_json::json!(path);
            let parameters = r#"{"a":1528099919,"b":"2&"}"#;
            StorageUrl::parse(&format!(r#"{{"relativePath":{path},"queryParams":{parameters}}}"#))
        };
        let url = parse("/v1/AUTH/x.png").unwrap();
        assert_eq!(url.path_and_query(), "/v1/AUTH/x.png?a=1528099919&b=2%26");
        assert!(url.signature().is_empty());
        assert_eq!(
            parse("//evil.com/x").unwrap().relative_path,
            "//evil.com/x",
            "a path all the same"
        );
        for bad in ["", "evil", "@evil.com/", ".evil.com", "/a?b", "/a#b", "/a b", "/a\r\nb", "/é"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for bad in
            ["{}", "[]", r#"{"relativePath":"/x"}"#, r#"{"relativePath":"/x","queryParams":1}"#]
        {
            assert!(StorageUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
