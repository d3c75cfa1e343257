//! Places in the file storage, as the messaging service gives them out.

use serde_json::value::RawValue;

use crate::base::error::{Error, Status};
use crate::protocol::json::{is_object, members, text};
use crate::protocol::members::Members;
use crate::protocol::response::Response;

/// A place in the storage, good for about a minute.
pub(crate) struct StorageUrl {
    pub relative_path: String,
    query_params: Vec<(String, String)>,
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
        let parameters = Members::read(parameters.get(), "queryParams").map_err(|_| broken)?;
        let url = StorageUrl {
            relative_path: text(path),
            // Texts or numbers: temp_url_expires is either.
            query_params: parameters
                .iter()
                .map(|(name, value)| (name.to_owned(), text(Some(value))))
                .collect(),
        };
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
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query_params);
        format!("{}?{}", self.relative_path, query.finish())
    }

    /// What opens it: a secret.
    pub(crate) fn signature(&self) -> Vec<&[u8]> {
        let signature = self.query_params.iter().find(|(name, _)| name == "temp_url_sig");
        signature.map(|(_, value)| value.as_bytes()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_url_stays_on_its_host() {
        let parse = |path: &str| {
            let path = serde_json::json!(path);
            let parameters = r#"{"a":1528099919,"b":"2&"}"#;
            StorageUrl::parse(&format!(r#"{{"relativePath":{path},"queryParams":{parameters}}}"#))
        };
        let url = parse("/v1/AUTH/x.png").unwrap();
        assert_eq!(url.path_and_query(), "/v1/AUTH/x.png?a=1528099919&b=2%26");
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
