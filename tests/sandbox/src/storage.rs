//! swift: the file storage, and the URLs that open it for a minute.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use rsa::sha2::{Digest, Sha256};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::Site;
use crate::envelope::Envelope;
use crate::options::Options;
use crate::refusal::Refusal;
use crate::request::Received;
use crate::shared::Shared;
use crate::{clock, token};

/// Where files are. The account in it finds the account of a request that carries no token.
pub(crate) const PATH: &str = "/v1/AUTH_async-images/{account}/{name}";

/// Whether a path is one of files.
pub(crate) fn holds(path: &str) -> bool {
    PATH.split('{').next().is_some_and(|place| path.starts_with(place))
}

/// How long an upload or download URL is valid.
const URL_LIFETIME_SECONDS: i64 = 60;

/// The file types that HTTP knows, by their names; and as HTTP names them.
const TYPES: [(&str, &str); 9] = [
    ("JPG", "image/jpeg"),
    ("JPEG", "image/jpeg"),
    ("PNG", "image/png"),
    ("GIF", "image/gif"),
    ("PDF", "application/pdf"),
    ("TXT", "text/plain"),
    ("DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("PPTX", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];

/// The content type of a file type, whatever its case.
fn content_type(file_type: &str) -> &'static str {
    let mut known = TYPES.iter();
    let known = known.find(|(name, _)| name.eq_ignore_ascii_case(file_type));
    known.map_or("application/octet-stream", |(_, http)| http)
}

/// Refuses what can be no file type; which ones there are is the account's business.
pub(crate) fn check_type(file_type: &str) -> Result<&'static str, Refusal> {
    if file_type.is_empty() || !file_type.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid("fileType must be letters and digits, for example PNG"));
    }
    Ok(content_type(file_type))
}

/// The files of one account.
pub(crate) struct Storage {
    /// Signs the URLs. With another one, all URLs so far are void.
    secret: String,
    /// By path.
    files: BTreeMap<String, File>,
}

struct File {
    content_type: &'static str,
    /// How many bytes may be uploaded.
    room: usize,
    /// None: announced, not uploaded.
    bytes: Option<Bytes>,
}

impl Storage {
    pub(crate) fn new() -> Storage {
        Storage { secret: secret(), files: BTreeMap::new() }
    }

    /// Makes every URL invalid that was issued so far.
    pub(crate) fn expire_urls(&mut self) {
        self.secret = secret();
    }

    /// The bytes of a file that was uploaded.
    pub(crate) fn bytes(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path)?.bytes.as_ref()
    }

    /// Puts a file there as an agent does. Its type is the ending of its name; characters that mean
    /// something in a URL are replaced. Gives back its path.
    pub(crate) fn put(
        &mut self,
        account_id: &str,
        name: &str,
        bytes: Bytes,
    ) -> Result<String, Refusal> {
        let content_type =
            check_type(name.rsplit_once('.').map_or("", |(_, file_type)| file_type))?;
        let plain =
            |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        let name = name.replace(|character| !plain(character), "_");
        let path = path(account_id, &format!("{}_{name}", Uuid::new_v4()));
        self.files
            .insert(path.clone(), File { content_type, room: bytes.len(), bytes: Some(bytes) });
        Ok(path)
    }

    /// The parts of a URL; the time is text, or a number as the options say.
    fn url(&self, method: &Method, path: &str, options: &Options) -> Value {
        let time = clock::now() + URL_LIFETIME_SECONDS;
        let expires = time.to_string();
        let signature = self.signature(method.as_str(), path, &expires);
        let expires = if options.expires_as_number { json!(time) } else { json!(expires) };
        json!({
            "relativePath": path,
            "queryParams": {"temp_url_sig": signature, "temp_url_expires": expires},
        })
    }

    fn signature(&self, method: &str, path: &str, expires: &str) -> String {
        token::hex(&Sha256::digest(format!("{}\n{method}\n{path}\n{expires}", self.secret)))
    }

    /// Says no to a request that has no right to come in.
    fn check(&self, received: &Received, now: i64) -> Result<(), Denied> {
        for header in ["Authorization", "X-LP-ON-BEHALF"] {
            if received.headers.contains_key(header) {
                let reason = format!("{header} must not go to the storage");
                return Err(Denied(StatusCode::BAD_REQUEST, reason));
            }
        }
        let parameter = |name: &str| received.parameter(name).unwrap_or_default();
        let expires = parameter("temp_url_expires");
        let signature = self.signature(&received.method, &received.path, &expires);
        let current = expires.parse::<i64>().is_ok_and(|expires| expires > now);
        if current && parameter("temp_url_sig") == signature { Ok(()) } else { Err(Denied::url()) }
    }

    /// Answers a request for a file: an upload or a download, as its URL was signed for it.
    fn serve(&mut self, received: &Received) -> Result<Response, Denied> {
        self.check(received, clock::now())?;
        // URLs are signed for files that are there or announced, and for these two methods.
        let file = self.files.get_mut(&received.path).ok_or_else(Denied::url)?;
        if received.method == Method::PUT.as_str() {
            // A form is longer than the file in it; the storage keeps it as it is.
            let form = received.header("content-type");
            let form = form.is_some_and(|it| it.starts_with("multipart/form-data"));
            if received.too_large || (received.body.len() > file.room && !form) {
                let reason = format!("the URL is for at most {} bytes", file.room);
                return Err(Denied(StatusCode::PAYLOAD_TOO_LARGE, reason));
            }
            file.bytes = Some(received.body.clone());
            return Ok(StatusCode::CREATED.into_response());
        }
        let bytes = file.bytes.clone().ok_or_else(Denied::url)?;
        Ok(([(CONTENT_TYPE, file.content_type)], bytes).into_response())
    }
}

/// A refused storage request: text, not the messaging error.
struct Denied(StatusCode, String);

impl Denied {
    fn url() -> Denied {
        Denied(StatusCode::UNAUTHORIZED, "the URL is not valid, or no longer".to_owned())
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let Denied(status, reason) = self;
        (status, format!("{status}: {reason}\n")).into_response()
    }
}

/// Uploads and downloads.
pub(crate) async fn object(
    State(shared): State<Arc<Shared>>,
    Path((account_id, _)): Path<(String, String)>,
    received: Received,
) -> Response {
    shared
        .with_site(&account_id, |site| site.storage.serve(&received))
        .unwrap_or_else(|| Err(Denied::url()))
        .into_response()
}

/// ms.GenerateURLForUploadFile.
pub(crate) fn upload_url(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    options: &Options,
) -> Result<Value, Refusal> {
    let max_file = options.max_file;
    let size = match envelope.body.get("fileSize") {
        Some(Value::String(size)) => size.clone(),
        Some(Value::Number(size)) => size.to_string(),
        _ => String::new(),
    };
    let room = Some(size)
        .filter(|size| size.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|size| size.parse().ok())
        .filter(|room| (1..=max_file).contains(room))
        .ok_or_else(|| invalid(format!("fileSize must be a number of bytes, 1 to {max_file}")))?;
    let file_type = envelope.text("fileType")?;
    let content_type = check_type(file_type)?;
    let path = path(&site.account.id, &format!("{consumer_id}_{}.{file_type}", Uuid::new_v4()));
    site.storage.files.insert(path.clone(), File { content_type, room, bytes: None });
    Ok(site.storage.url(&Method::PUT, &path, options))
}

/// ms.GenerateURLForDownloadFile.
pub(crate) fn download_url(
    site: &Site,
    envelope: &Envelope,
    options: &Options,
) -> Result<Value, Refusal> {
    let path = envelope.text("relativePath")?;
    check_known(&site.storage, path)?;
    Ok(site.storage.url(&Method::GET, path, options))
}

/// Refuses a path at which the account has no file.
pub(crate) fn check_known(storage: &Storage, path: &str) -> Result<(), Refusal> {
    match storage.bytes(path) {
        Some(_) => Ok(()),
        None => Err(invalid(format!("There is no file at {path:?}"))),
    }
}

fn path(account_id: &str, name: &str) -> String {
    PATH.replace("{account}", account_id).replace("{name}", name)
}

fn secret() -> String {
    Uuid::new_v4().to_string()
}

fn invalid(details: impl Into<String>) -> Refusal {
    Refusal::invalid("Invalid parameter", details)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[test]
    fn a_url_is_valid_for_a_minute() {
        let storage = Storage::new();
        let url = storage.url(&Method::GET, "/v1/x", &Options::default());
        let text = |name: &str| url["queryParams"][name].as_str().expect("a text").to_owned();
        let (signature, expires) = (text("temp_url_sig"), text("temp_url_expires"));
        let received = Received {
            method: "GET".to_owned(),
            path: "/v1/x".to_owned(),
            query: format!("temp_url_sig={signature}&temp_url_expires={expires}"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            too_large: false,
            connection: 1,
        };
        let expires: i64 = expires.parse().expect("a number");
        assert!((59..=60).contains(&(expires - clock::now())));
        assert!(storage.check(&received, expires - 1).is_ok());
        assert!(storage.check(&received, expires).is_err());
    }
}
