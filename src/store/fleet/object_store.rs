//! Files in JetStream, as its clients' object stores keep them: chunks, and one message about them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::store::fleet::broker::Trouble;
use crate::store::fleet::layout::Names;
use crate::store::fleet::link::Link;

const CHUNK: usize = 128 * 1024;

/// The message about a file, as far as it matters here.
#[derive(Serialize, Deserialize, PartialEq)]
struct About {
    name: String,
    bucket: String,
    /// Its chunks have it in their subject.
    nuid: String,
    size: usize,
    chunks: usize,
    digest: String,
    #[serde(default)]
    deleted: bool,
}

/// Chunks of a name have its own token before that of the attempt to put them: so what an attempt left that
/// nobody finished is found, and two attempts at a time do not mix.
fn token(name: &str) -> String {
    URL_SAFE.encode(name)
}

/// Whose token that is.
pub(super) fn name_of(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE.decode(token).ok()?).ok()
}

/// The files of a store.
pub(super) struct ObjectStore<'a> {
    pub link: &'a Link,
    pub names: &'a Names,
}

impl ObjectStore<'_> {
    pub(super) async fn put(&self, name: &str, body: Bytes) -> Result<(), Trouble> {
        let token = token(name);
        let before = self.about(&token).await?;
        let nuid = format!("{token}.{}", self.link.new_id());
        let chunk = CHUNK.min(self.link.longest());
        let put = async {
            for start in (0..body.len()).step_by(chunk) {
                let piece = body.slice(start..body.len().min(start + chunk));
                self.link.publish(self.names.file_chunks(&nuid), &[], piece).await?;
            }
            let about = About {
                name: name.to_owned(),
                bucket: self.names.files_bucket(),
                nuid: nuid.clone(),
                size: body.len(),
                chunks: body.len().div_ceil(chunk),
                digest: digest(&body),
                deleted: false,
            };
            // Texts and numbers always become JSON.
            let about = serde_json::to_vec(&about).unwrap_or_default();
            let only_the_last = [("Nats-Rollup", "sub")];
            self.link.publish(self.names.file_about(&token), &only_the_last, about.into()).await
        };
        let put = put.await;
        let left = match &put {
            // Whoever could not be told that it is there must find it whole.
            Err(Trouble::Away(_)) => return put.map(drop),
            Err(_) => Some(nuid),
            Ok(_) => before.map(|it| it.nuid),
        };
        if let Some(left) = left {
            let purged = self.link.purge(&self.names.files(), &self.names.file_chunks(&left)).await;
            put?;
            return purged;
        }
        Ok(())
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Bytes>, Trouble> {
        let token = token(name);
        let mut about = self.about(&token).await?;
        while let Some(it) = about {
            if let Some(body) = self.chunks(&it).await? {
                return Ok(Some(body));
            }
            // Put again or dropped meanwhile, or damaged.
            let again = self.about(&token).await?;
            if again.as_ref() == Some(&it) {
                let why = format!("the file '{name}' in NATS is damaged");
                return Err(Trouble::Refused(why));
            }
            about = again;
        }
        Ok(None)
    }

    /// All that a file has; None where that is not what is told about it.
    async fn chunks(&self, about: &About) -> Result<Option<Bytes>, Trouble> {
        let subject = self.names.file_chunks(&about.nuid);
        let mut body = Vec::new();
        let mut seq = 0;
        for _ in 0..about.chunks {
            let chunk = self.link.message_after(&self.names.files(), &subject, seq).await?;
            let Some(chunk) = chunk else { return Ok(None) };
            seq = chunk.seq;
            body.extend_from_slice(&chunk.body()?);
            if body.len() > about.size {
                return Ok(None);
            }
        }
        let is_whole = body.len() == about.size && digest(&body) == about.digest;
        Ok(is_whole.then(|| body.into()))
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), Trouble> {
        let token = token(name);
        let files = self.names.files();
        // Nobody begins to read it once it is no longer told of.
        self.link.purge(&files, &self.names.file_about(&token)).await?;
        self.link.purge(&files, &self.names.file_chunks(&format!("{token}.*"))).await
    }

    async fn about(&self, token: &str) -> Result<Option<About>, Trouble> {
        let subject = self.names.file_about(token);
        let Some(about) = self.link.last_message(&self.names.files(), &subject).await? else {
            return Ok(None);
        };
        let about: About = serde_json::from_slice(&about.body()?)
            .map_err(|why| Trouble::Refused(format!("what NATS has about a file: {why}")))?;
        Ok((!about.deleted).then_some(about))
    }
}

fn digest(body: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    format!("SHA-256={}", URL_SAFE.encode(digest))
}
