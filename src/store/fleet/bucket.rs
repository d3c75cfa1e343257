//! What the nodes know of consumers, in the broker's bucket.

use std::cell::RefCell;
use std::collections::HashMap;

use bytes::Bytes;
use ring::digest::{SHA256, digest};

use crate::store::fleet::broker::{Broker, Trouble};
use crate::store::fleet::record::Record;

/// So many conversations are known without asking.
const MOST_CACHED: usize = 100_000;

/// So many records are remembered as they were last.
const MOST_REMEMBERED: usize = 4096;

/// Records of consumers, and what leads to them.
pub(crate) struct Bucket {
    /// Whose conversation or dialog: that never changes.
    known: RefCell<HashMap<String, String>>,
    /// Records with their revisions, which others may have changed since.
    remembered: RefCell<HashMap<String, (u64, Record)>>,
}

impl Bucket {
    pub(crate) fn new() -> Bucket {
        Bucket { known: RefCell::default(), remembered: RefCell::default() }
    }

    /// What is known of a consumer, and its revision.
    pub(crate) async fn read(
        &self,
        broker: &impl Broker,
        consumer: &str,
    ) -> Result<(u64, Record), Trouble> {
        let kept = broker.get(&key('c', consumer)).await?;
        let revision = kept.as_ref().map_or(0, |kept| kept.revision);
        // What nobody can read is as if it were not there: the service tells most of it again.
        let record = kept.and_then(|kept| serde_json::from_slice(&kept.body).ok());
        let named = || Record { consumer: consumer.to_owned(), ..Record::default() };
        let record = record.unwrap_or_else(named);
        self.remember(revision, &record);
        Ok((revision, record))
    }

    fn remember(&self, revision: u64, record: &Record) {
        let mut remembered = self.remembered.borrow_mut();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(record.consumer.clone(), (revision, record.clone()));
    }

    /// Changes what is known of a consumer, whoever else does: the edit may be made several times. Gives
    /// what is known then, and whether something changed.
    pub(crate) async fn change(
        &self,
        broker: &impl Broker,
        consumer: &str,
        edit: impl Fn(&mut Record),
    ) -> Result<(Record, bool), Trouble> {
        self.change_within(usize::MAX, broker, consumer, edit).await
    }

    /// The same, where that does not make of it more bytes than so many.
    pub(crate) async fn change_within(
        &self,
        longest: usize,
        broker: &impl Broker,
        consumer: &str,
        edit: impl Fn(&mut Record),
    ) -> Result<(Record, bool), Trouble> {
        // As it was last, in most cases: otherwise the broker says so.
        let mut remembered = self.remembered.borrow_mut().remove(consumer);
        loop {
            let is_sure = remembered.is_none();
            let (revision, before) = match remembered.take() {
                Some(remembered) => remembered,
                None => self.read(broker, consumer).await?,
            };
            let mut record = before.clone();
            edit(&mut record);
            if record == before {
                if is_sure {
                    return Ok((record, false));
                }
                continue;
            }
            // Texts and numbers always serialise.
            let written = |record| serde_json::to_vec(record).unwrap_or_default();
            let body = written(&record);
            if body.len() > longest && body.len() > written(&before).len() {
                return Err(Trouble::TooLong);
            }
            // First, so that whatever a record says leads to it.
            self.lead_to(broker, &before, &record).await?;
            match broker.put(&key('c', consumer), revision, body.into()).await {
                Err(Trouble::Changed) => {}
                Err(why) => return Err(why),
                Ok(revision) => {
                    self.remember(revision, &record);
                    for gone in before.ids.iter().filter(|id| !record.ids.contains(id)) {
                        self.known.borrow_mut().remove(gone);
                        broker.forget(&key('v', gone)).await?;
                    }
                    return Ok((record, true));
                }
            }
        }
    }

    async fn lead_to(
        &self,
        broker: &impl Broker,
        before: &Record,
        record: &Record,
    ) -> Result<(), Trouble> {
        for id in record.ids.iter().filter(|id| !before.ids.contains(id)) {
            set(broker, &key('v', id), &record.consumer).await?;
        }
        if record.lp_id != before.lp_id && !record.lp_id.is_empty() {
            set(broker, &key('l', &record.lp_id), &record.consumer).await?;
        }
        Ok(())
    }

    /// Whose conversation or dialog that is.
    pub(crate) async fn of(
        &self,
        broker: &impl Broker,
        id: &str,
    ) -> Result<Option<String>, Trouble> {
        if id.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.known.borrow().get(id) {
            return Ok(Some(known.clone()));
        }
        let found = text(broker.get(&key('v', id)).await?);
        if let Some(consumer) = &found {
            let mut known = self.known.borrow_mut();
            if known.len() >= MOST_CACHED {
                known.clear();
            }
            known.insert(id.to_owned(), consumer.clone());
        }
        Ok(found)
    }

    /// Whom the service calls so.
    pub(crate) async fn named(
        &self,
        broker: &impl Broker,
        lp_id: &str,
    ) -> Result<Option<String>, Trouble> {
        if lp_id.is_empty() {
            return Ok(None);
        }
        Ok(text(broker.get(&key('l', lp_id)).await?))
    }
}

/// Sets what leads to a consumer, whatever was there.
async fn set(broker: &impl Broker, key: &str, consumer: &str) -> Result<(), Trouble> {
    loop {
        let kept = broker.get(key).await?;
        let revision = kept.as_ref().map_or(0, |kept| kept.revision);
        if kept.is_some_and(|kept| kept.body == consumer.as_bytes()) {
            return Ok(());
        }
        let body = Bytes::copy_from_slice(consumer.as_bytes());
        match broker.put(key, revision, body).await {
            Err(Trouble::Changed) => {}
            outcome => return outcome.map(drop),
        }
    }
}

fn text(kept: Option<crate::store::fleet::broker::Kept>) -> Option<String> {
    String::from_utf8(kept?.body.to_vec()).ok()
}

/// A key of a kind: names of consumers and conversations may have any letters, and any length.
fn key(kind: char, name: &str) -> String {
    let hash = digest(&SHA256, name.as_bytes());
    let half = &hash.as_ref()[..16];
    std::iter::once(format!("{kind}."))
        .chain(half.iter().map(|byte| format!("{byte:02x}")))
        .collect()
}

/// The partition of a consumer: the same on all nodes.
pub(crate) fn partition(consumer: &str, partitions: u16) -> u16 {
    let hash = digest(&SHA256, consumer.as_bytes());
    let bytes = hash.as_ref();
    u16::from_be_bytes([bytes[0], bytes[1]]) % partitions.max(1)
}
