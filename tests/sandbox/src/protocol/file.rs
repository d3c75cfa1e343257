//! Files in the storage: where they are, and of what types.

use crate::protocol::refusal::Refusal;

/// Where files are. The account in it finds the account of a request that carries no token.
pub(crate) const PATH: &str = "/v1/AUTH_async-images/{account}/{name}";

/// Whether a path is one of files.
pub(crate) fn holds(path: &str) -> bool {
    PATH.split('{').next().is_some_and(|place| path.starts_with(place))
}

/// The path of an account's file of this name.
pub(crate) fn path(account_id: &str, name: &str) -> String {
    PATH.replace("{account}", account_id).replace("{name}", name)
}

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

/// The content type of a picture that every browser shows. None: it is none of these.
pub(crate) fn picture(file_type: &str) -> Option<&'static str> {
    Some(content_type(file_type)).filter(|http| http.starts_with("image/"))
}

/// Refuses what can be no file type, and gives back the content type of all else; which types
/// there are is the account's business.
pub(crate) fn check_type(file_type: &str) -> Result<&'static str, Refusal> {
    if file_type.is_empty() || !file_type.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let details = "fileType must be letters and digits, for example PNG";
        return Err(Refusal::invalid("Invalid parameter", details));
    }
    Ok(content_type(file_type))
}

/// The file type at the end of a name; empty where there is none.
pub(crate) fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}
