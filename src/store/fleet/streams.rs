//! What is done with the messages of any stream.

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::store::fleet::api::{
    self, Done, Failed, MessageGot, NO_MESSAGE, NO_SEQUENCE, NOT_DELETED, PublishAck, StoredMessage,
};
use crate::store::fleet::broker::Trouble;
use crate::store::fleet::link::Link;

impl Link {
    /// Has a message written by the stream of that subject.
    pub(super) async fn publish(
        &self,
        subject: String,
        headers: &[(&'static str, &str)],
        body: Bytes,
    ) -> Result<PublishAck, Trouble> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value: HeaderValue = value
                .parse()
                .map_err(|_| Trouble::Refused(format!("this cannot be a {name}: {value:?}")))?;
            map.insert(HeaderName::from_static(name), value);
        }
        let map = (!headers.is_empty()).then_some(map);
        let answer = self.ask(subject, map, body).await?;
        Ok(api::read(&answer.payload)?)
    }

    /// The first message of that subject with a higher number.
    pub(super) async fn message_after(
        &self,
        stream: &str,
        subject: &str,
        seq: u64,
    ) -> Result<Option<StoredMessage>, Trouble> {
        let next = json!({ "seq": seq.saturating_add(1), "next_by_subj": subject });
        self.message(stream, next).await
    }

    /// The newest message of that subject.
    pub(super) async fn last_message(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StoredMessage>, Trouble> {
        self.message(stream, json!({ "last_by_subj": subject })).await
    }

    /// Whether there is a message of that number.
    pub(super) async fn has(&self, stream: &str, seq: u64) -> Result<bool, Trouble> {
        Ok(self.message(stream, json!({ "seq": seq })).await?.is_some())
    }

    /// The leader is asked, who knows all that was confirmed.
    async fn message(&self, stream: &str, which: Value) -> Result<Option<StoredMessage>, Trouble> {
        match self.api::<MessageGot>(format!("STREAM.MSG.GET.{stream}"), which).await {
            Ok(got) => Ok(Some(got.message)),
            Err(Failed { code: NO_MESSAGE, .. }) => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    /// Removes a message; one that is not there is no error. It is not written over, which would cost an access
    /// to the server's disk.
    pub(super) async fn delete(&self, stream: &str, seq: u64) -> Result<(), Trouble> {
        let deleted = self
            .api(format!("STREAM.MSG.DELETE.{stream}"), json!({ "seq": seq, "no_erase": true }));
        match deleted.await {
            Ok(Done {}) | Err(Failed { code: NO_SEQUENCE, .. }) => Ok(()),
            Err(Failed { code: NOT_DELETED, trouble }) => {
                if self.has(stream, seq).await? {
                    Err(trouble)
                } else {
                    Ok(())
                }
            }
            Err(why) => Err(why.into()),
        }
    }

    /// Removes all messages of a subject.
    pub(super) async fn purge(&self, stream: &str, subject: &str) -> Result<(), Trouble> {
        let filter = json!({ "filter": subject });
        let Done {} = self.api(format!("STREAM.PURGE.{stream}"), filter).await?;
        Ok(())
    }
}
