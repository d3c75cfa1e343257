//! A file to send: opened and checked before anything goes out.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::error::Error;
use crate::base::text::shorten;
use crate::net::transport::Body;
use crate::protocol::argument::Argument;
use crate::protocol::event::Metadata;

/// A file to send.
///
/// What the service takes: JPG, JPEG, PNG and GIF, and PDF, TXT, IMG and others where the account
/// allows them. A file that is JPEG, PNG, GIF or PDF by its name must be that by its content, too;
/// names of other types are the service's to judge.
#[derive(Clone, Debug)]
pub struct Attachment<'a> {
    source: Source<'a>,
    caption: Option<String>,
    preview: Option<Preview<'a>>,
    metadata: Option<Metadata>,
}

#[derive(Clone, Debug)]
enum Source<'a> {
    Path(PathBuf),
    Bytes { data: &'a [u8], file_type: String },
}

#[derive(Clone, Debug)]
enum Preview<'a> {
    Path(PathBuf),
    Bytes(&'a [u8]),
}

impl<'a> Attachment<'a> {
    /// A file of this machine. Its type is the ending of its name. It is read when it is sent, and
    /// never held in memory as a whole.
    pub fn from_path(path: impl Into<PathBuf>) -> Attachment<'a> {
        Attachment::of(Source::Path(path.into()))
    }

    /// A file in memory, of a type such as `PNG`.
    pub fn from_bytes(data: &'a [u8], file_type: impl Into<String>) -> Attachment<'a> {
        Attachment::of(Source::Bytes { data, file_type: file_type.into() })
    }

    fn of(source: Source<'a>) -> Attachment<'a> {
        Attachment { source, caption: None, preview: None, metadata: None }
    }

    /// These options from a JSON object, with the members `caption`, `previewPath` and `metadata`,
    /// all optional.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for an unknown member, with the nearest name, and for one of the
    /// wrong type.
    pub fn with_options(mut self, json: &str) -> Result<Attachment<'a>, Error> {
        const NAME: &str = "options_json";
        let given = Argument::read(json, NAME, &["caption", "previewPath", "metadata"])?;
        self.caption = given.text("caption")?.or(self.caption);
        let preview = given.text("previewPath")?;
        self.preview = preview.map(|path| Preview::Path(path.into())).or(self.preview);
        if let Some(metadata) = given.json("metadata") {
            let name = format!("{NAME}: metadata");
            self.metadata = Some(Metadata::read(metadata.get(), &name)?);
        }
        Ok(self)
    }

    /// Text beside the file.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Attachment<'a> {
        self.caption = Some(caption.into());
        self
    }

    /// A small picture to show in its place: a JPEG, PNG or GIF file.
    #[must_use]
    pub fn preview_from_path(mut self, path: impl Into<PathBuf>) -> Attachment<'a> {
        self.preview = Some(Preview::Path(path.into()));
        self
    }

    /// As [`preview_from_path`](Attachment::preview_from_path), from memory.
    #[must_use]
    pub fn preview_from_bytes(mut self, data: &'a [u8]) -> Attachment<'a> {
        self.preview = Some(Preview::Bytes(data));
        self
    }

    /// What the file's event carries beside it, for example the id of the message in the connector's
    /// own channel.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Attachment<'a> {
        self.metadata = Some(metadata);
        self
    }

    pub(crate) fn metadata_of(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// Opens and checks everything, before anything is sent. `most`, `preview_most`: bytes of the file
    /// and of its preview in base64.
    pub(crate) fn check(&self, most: u64, preview_most: u64) -> Result<Checked<'a>, Error> {
        let (content, length, file_type, head) = match &self.source {
            Source::Bytes { data, file_type } => {
                (Content::Bytes(data), data.len() as u64, file_type.clone(), head_of(data))
            }
            Source::Path(path) => {
                let file = open(path)?;
                let length = file.metadata().map_err(|why| unreadable(path, &why))?.len();
                let head = read_head(&file).map_err(|why| unreadable(path, &why))?;
                let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
                (Content::File(file), length, ending.to_owned(), head)
            }
        };
        if length == 0 {
            return Err(Error::invalid("the file is empty"));
        }
        if length > most {
            return Err(Error::invalid(format!(
                "the file has {length} bytes; allowed: {most} (file.max.bytes)"
            )));
        }
        Ok(Checked {
            file_type: check_type(&file_type, &head)?,
            caption: self.caption.clone(),
            preview: self.preview(preview_most)?,
            content,
            length,
        })
    }

    /// The preview as a data URL.
    fn preview(&self, most: u64) -> Result<Option<String>, Error> {
        let data = match &self.preview {
            None => return Ok(None),
            Some(Preview::Bytes(data)) => data.to_vec(),
            Some(Preview::Path(path)) => {
                let mut data = Vec::new();
                // One byte more than allowed is enough to know.
                let read = open(path)?.take(most + 1).read_to_end(&mut data);
                read.map_err(|why| unreadable(path, &why))?;
                data
            }
        };
        let encoded = STANDARD.encode(&data);
        if encoded.len() as u64 > most {
            return Err(Error::invalid(format!(
                "the preview has more than {most} bytes in base64 (file.preview.max.bytes)"
            )));
        }
        let mime = match type_of(&data) {
            Some("JPEG") => "image/jpeg",
            Some("PNG") => "image/png",
            Some("GIF") => "image/gif",
            _ => {
                return Err(Error::invalid(
                    "the preview is not a picture; allowed: JPEG, PNG, GIF",
                ));
            }
        };
        Ok(Some(format!("data:{mime};base64,{encoded}")))
    }
}

/// A file that may be sent.
pub(crate) struct Checked<'a> {
    pub file_type: String,
    pub length: u64,
    pub caption: Option<String>,
    pub preview: Option<String>,
    content: Content<'a>,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    File(File),
}

impl Checked<'_> {
    /// What goes up.
    pub(crate) fn body(&self) -> Body<'_> {
        match &self.content {
            Content::Bytes(data) => Body::Bytes(data),
            Content::File(file) => Body::File(file, self.length),
        }
    }
}

fn open(path: &Path) -> Result<File, Error> {
    let unreadable = |why| unreadable(path, &why);
    // Asked before it is opened: opening a pipe waits for who writes into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a regular file")));
    }
    File::open(path).map_err(unreadable)
}

fn unreadable(path: &Path, why: &std::io::Error) -> Error {
    Error::of_file(path, why, format!("cannot read the file '{}': {why}", path.display()))
}

const HEAD: usize = 8;

fn head_of(data: &[u8]) -> Vec<u8> {
    data[..data.len().min(HEAD)].to_vec()
}

fn read_head(mut file: &File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The type that the first bytes tell.
fn type_of(head: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff", "JPEG"),
        (b"GIF8", "GIF"),
        (b"%PDF-", "PDF"),
    ];
    known.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
}

/// The file type to announce: upper case, and not at odds with the content.
fn check_type(name: &str, head: &[u8]) -> Result<String, Error> {
    let announced = name.to_ascii_uppercase();
    let plain = announced.bytes().all(|b| b.is_ascii_alphanumeric());
    if announced.is_empty() || announced.len() > 10 || !plain {
        return Err(Error::invalid(format!(
            "'{}' is not a file type; it takes the ending of a file name, for example PNG",
            shorten(name)
        )));
    }
    let expected = if announced == "JPG" { "JPEG" } else { &announced };
    let known = ["PNG", "JPEG", "GIF", "PDF"].contains(&expected);
    match type_of(head) {
        Some(found) if known && found != expected => Err(Error::invalid(format!(
            "the file is named {announced}, but its content is {found}"
        ))),
        None if known => {
            Err(Error::invalid(format!("the file is named {announced}, but its content is not")))
        }
        _ => Ok(announced),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_content_must_agree() {
        let png = b"\x89PNG\r\n\x1a\n";
        assert_eq!(check_type("png", png).unwrap(), "PNG");
        assert_eq!(check_type("jpg", b"\xff\xd8\xff\xe0").unwrap(), "JPG");
        assert_eq!(check_type("Docx", b"PK").unwrap(), "DOCX");
        // Types that the library does not know are the service's to judge.
        assert_eq!(check_type("txt", png).unwrap(), "TXT");
        assert_eq!(check_type("IMG", b"\xff\xd8\xff\xe0").unwrap(), "IMG");
        for (name, head, says) in [
            ("gif", &png[..], "named GIF, but its content is PNG"),
            ("png", b"<html>", "named PNG, but its content is not"),
            ("", &png[..], "'' is not a file type"),
            ("a/b", b"x", "'a/b' is not a file type"),
        ] {
            let error = check_type(name, head).unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
    }
}
