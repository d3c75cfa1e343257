//! ms.GenerateURLForUploadFile and ms.GenerateURLForDownloadFile: where a file goes, and comes from.

use axum::http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::base::options::Options;
use crate::cloud::site::Site;
use crate::protocol::envelope::Envelope;
use crate::protocol::file::check_type;
use crate::protocol::refusal::Refusal;

pub(crate) fn upload(
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
        .ok_or_else(|| {
            let details = format!("fileSize must be a number of bytes, 1 to {max_file}");
            Refusal::invalid("Invalid parameter", details)
        })?;
    let file_type = envelope.text("fileType")?;
    let content_type = check_type(file_type)?;
    let name = format!("{consumer_id}_{}.{file_type}", Uuid::new_v4());
    let path = site.storage.announce(&site.account.id, &name, content_type, room);
    Ok(site.storage.url(&Method::PUT, &path, options.expires_as_number))
}

pub(crate) fn download(
    site: &Site,
    envelope: &Envelope,
    options: &Options,
) -> Result<Value, Refusal> {
    let path = envelope.text("relativePath")?;
    site.storage.check_known(path)?;
    Ok(site.storage.url(&Method::GET, path, options.expires_as_number))
}
