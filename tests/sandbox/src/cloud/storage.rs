//! The files of one account, and the URLs that open them for a minute.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::Method;
use rsa::sha2::{Digest, Sha256};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::clock;
use crate::base::hex::hex;
use crate::base::noted::Noted;
use crate::protocol::file::{self, check_type};
use crate::protocol::refusal::Refusal;

/// How long an upload or download URL is valid.
const URL_LIFETIME_SECONDS: i64 = 60;

pub(crate) struct Storage {
    /// Signs the URLs. With another one, all URLs so far are void.
    pub(crate) secret: String,
    /// By path.
    pub(crate) files: Noted<String, File>,
}

pub(crate) struct File {
    pub(crate) content_type: Cow<'static, str>,
    /// How many bytes may be uploaded.
    pub(crate) room: usize,
    /// None: announced, not uploaded.
    pub(crate) bytes: Option<Bytes>,
}

impl Storage {
    pub(crate) fn new() -> Storage {
        Storage { secret: secret(), files: Noted::default() }
    }

    /// Makes every URL invalid that was issued so far.
    pub(crate) fn expire_urls(&mut self) {
        self.secret = secret();
    }

    /// A file that is there or announced.
    pub(crate) fn file(&mut self, path: &str) -> Option<&mut File> {
        self.files.get_mut(path)
    }

    /// The bytes of a file that was uploaded.
    pub(crate) fn bytes(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path)?.bytes.as_ref()
    }

    /// Refuses a path at which the account has no file.
    pub(crate) fn check_known(&self, path: &str) -> Result<(), Refusal> {
        match self.bytes(path) {
            Some(_) => Ok(()),
            None => {
                let details = format!("There is no file at {path:?}");
                Err(Refusal::invalid("Invalid parameter", details))
            }
        }
    }

    /// Expects the upload of a file, and gives back its path.
    pub(crate) fn announce(
        &mut self,
        account_id: &str,
        name: &str,
        content_type: &'static str,
        room: usize,
    ) -> String {
        self.insert(account_id, name, File { content_type: content_type.into(), room, bytes: None })
    }

    /// Puts a file there as an agent does. Its type is the ending of its name; characters that mean
    /// something in a URL are replaced. Gives back its path.
    pub(crate) fn put(
        &mut self,
        account_id: &str,
        name: &str,
        bytes: Bytes,
    ) -> Result<String, Refusal> {
        let content_type = check_type(file::ending(name))?;
        let plain =
            |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        let name = format!("{}_{}", Uuid::new_v4(), name.replace(|it| !plain(it), "_"));
        let file =
            File { content_type: content_type.into(), room: bytes.len(), bytes: Some(bytes) };
        Ok(self.insert(account_id, &name, file))
    }

    fn insert(&mut self, account_id: &str, name: &str, file: File) -> String {
        let path = file::path(account_id, name);
        self.files.insert(path.clone(), file);
        path
    }

    /// The parts of a URL for a method; the time is text, or a number.
    pub(crate) fn url(&self, method: &Method, path: &str, expires_as_number: bool) -> Value {
        let time = clock::now() + URL_LIFETIME_SECONDS;
        let expires = time.to_string();
        let signature = self.signature(method.as_str(), path, &expires);
        let expires = if expires_as_number { json!(time) } else { json!(expires) };
        json!({
            "relativePath": path,
            "queryParams": {"temp_url_sig": signature, "temp_url_expires": expires},
        })
    }

    pub(crate) fn signature(&self, method: &str, path: &str, expires: &str) -> String {
        hex(&Sha256::digest(format!("{}\n{method}\n{path}\n{expires}", self.secret)))
    }
}

fn secret() -> String {
    Uuid::new_v4().to_string()
}
