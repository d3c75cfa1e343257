//! What outlives the sandbox of its accounts, as rows.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use crate::agents::agent::Agent;
use crate::base::key::{self, Key};
use crate::base::log::Logger;
use crate::base::state::{Place, Row, State};
use crate::cloud::rate_limits::RateLimits;
use crate::cloud::site::Site;
use crate::cloud::storage::File;
use crate::model::account::Account;
use crate::model::survey::Survey;
use crate::webhooks::event_type::EventType;
use crate::webhooks::outbox::{Parcel, Pending, Progress, Settings};

const ACCOUNT: &str = "account";
const TOKEN: &str = "token";
const CONSUMER: &str = "consumer";
const CONVERSATION: &str = "conversation";
const ATTENDANCE: &str = "attendance";
const FILE: &str = "file";
const PENDING: &str = "pending";
/// The common rows.
const FIRST_KEY: &str = "first key";
const SECOND_KEY: &str = "second key";

/// Writes down what changes. Without a state it only forgets that it changed.
pub(crate) struct Kept {
    state: Option<State>,
    logger: Arc<Logger>,
}

/// What an account is, beside what has rows of its own.
#[derive(Serialize, Deserialize)]
struct Settled {
    client_id: String,
    client_secret: String,
    token_lifetime: Duration,
    clock_offset: i64,
    rotated: bool,
    agent: Option<Agent>,
    survey: Option<Survey>,
    rate_limits: RateLimits,
    storage_secret: String,
    outbox: Settings,
}

#[derive(Serialize, Deserialize)]
struct FileHead {
    content_type: String,
    room: usize,
    there: bool,
}

#[derive(Serialize, Deserialize)]
struct PendingHead {
    lane: String,
    kind: Option<EventType>,
    copies: usize,
    progress: Progress,
}

impl Kept {
    pub(crate) fn new(state: Option<State>, logger: Arc<Logger>) -> Kept {
        Kept { state, logger }
    }

    pub(crate) fn first_key(&self) -> io::Result<&'static Key> {
        let Some(state) = &self.state else { return Ok(key::first()) };
        if let Some(pem) = state.common(FIRST_KEY)? {
            return key::kept(&pem);
        }
        let key = key::first();
        state.set_common(FIRST_KEY, &key.to_pem())?;
        Ok(key)
    }

    /// None: no account has rotated.
    pub(crate) fn second_key(&self) -> io::Result<Option<&'static Key>> {
        let Some(state) = &self.state else { return Ok(None) };
        state.common(SECOND_KEY)?.map(|pem| key::kept(&pem)).transpose()
    }

    pub(crate) fn note_second_key(&self, key: &Key) {
        if let Some(state) = &self.state {
            self.judge(state.set_common(SECOND_KEY, &key.to_pem()));
        }
    }

    /// Writes down what changed in an account.
    pub(crate) fn note(&self, site: &mut Site) {
        let rows = changes(site, self.state.is_some());
        if let Some(state) = &self.state {
            self.judge(state.write(rows));
        }
    }

    fn judge(&self, written: io::Result<()>) {
        if let Err(error) = written {
            self.logger.note(&format!("the state cannot be written, and is tried again: {error}"));
        }
    }

    /// The accounts that were written down.
    pub(crate) fn sites(
        &self,
        first_key: &'static Key,
        second_key: Option<&'static Key>,
        courier: &UnboundedSender<Parcel>,
    ) -> io::Result<HashMap<String, Site>> {
        let mut sites = HashMap::new();
        let rows = self.state.as_ref().map_or_else(|| Ok(Vec::new()), State::rows)?;
        for row in rows {
            let wrong = || {
                let Row { account, part, key, .. } = &row;
                let reason = format!("the state's {part} {key:?} of account {account} is broken");
                io::Error::new(io::ErrorKind::InvalidData, reason)
            };
            if row.part == ACCOUNT {
                let settled: Settled = read(&row.value).ok_or_else(wrong)?;
                let key = second_key.filter(|_| settled.rotated).unwrap_or(first_key);
                let account = Account {
                    id: row.account.clone(),
                    client_id: settled.client_id.clone(),
                    client_secret: settled.client_secret.clone(),
                };
                let mut site = Site::new(account, key, settled.token_lifetime, courier.clone());
                site.rotated = settled.rotated;
                site.clock.offset = settled.clock_offset;
                site.agent = settled.agent;
                site.survey = settled.survey;
                site.meter.set(settled.rate_limits);
                site.storage.secret = settled.storage_secret;
                site.outbox.restore(settled.outbox);
                site.written = row.value;
                site.number = sites.len();
                sites.insert(row.account, site);
                continue;
            }
            // An account is written before all that it holds.
            let site: &mut Site = sites.get_mut(&row.account).ok_or_else(wrong)?;
            restore(site, &row).ok_or_else(wrong)?;
        }
        Ok(sites)
    }
}

/// What changed in an account since the last time.
fn changes(site: &mut Site, wanted: bool) -> Vec<(Place, Option<Vec<u8>>)> {
    let mut rows = Vec::new();
    let account = site.account.id.clone();
    let mut add = |part, key: String, value: Option<Vec<u8>>| {
        rows.push((Place { account: account.clone(), part, key }, value));
    };
    if wanted {
        let settled = write(&settled(site), &[]);
        if settled != site.written {
            site.written.clone_from(&settled);
            add(ACCOUNT, String::new(), Some(settled));
        }
    }
    for id in std::mem::take(&mut site.changed).into_iter().filter(|_| wanted) {
        let value = site.see_conversation(&id).map(|conversation| write(conversation, &[]));
        add(CONVERSATION, id, value);
    }
    // Whether they are wanted or not, they count as told.
    for (token, value) in site.app_tokens.changes() {
        add(TOKEN, token, value.map(|()| Vec::new()));
    }
    for (id, value) in site.consumers.changes() {
        add(CONSUMER, id, value.filter(|_| wanted).map(|consumer| write(consumer, &[])));
    }
    for (id, value) in site.attendances.changes() {
        add(ATTENDANCE, id, value.filter(|_| wanted).map(|attendance| write(attendance, &[])));
    }
    for (path, value) in site.storage.files.changes() {
        add(FILE, path, value.filter(|_| wanted).map(file));
    }
    for (number, value) in site.outbox.pending.changes() {
        add(PENDING, number.to_string(), value.filter(|_| wanted).map(pending));
    }
    rows
}

fn settled(site: &Site) -> Settled {
    Settled {
        client_id: site.account.client_id.clone(),
        client_secret: site.account.client_secret.clone(),
        token_lifetime: site.token_lifetime,
        clock_offset: site.clock.offset,
        rotated: site.rotated,
        agent: site.agent.clone(),
        survey: site.survey.clone(),
        rate_limits: site.meter.limits,
        storage_secret: site.storage.secret.clone(),
        outbox: site.outbox.settings(),
    }
}

fn file(file: &File) -> Vec<u8> {
    let head = FileHead {
        content_type: file.content_type.clone().into_owned(),
        room: file.room,
        there: file.bytes.is_some(),
    };
    write(&head, file.bytes.as_deref().unwrap_or_default())
}

fn pending(pending: &Pending) -> Vec<u8> {
    let Pending { lane, kind, body, copies, progress } = pending;
    let head =
        PendingHead { lane: lane.clone(), kind: *kind, copies: *copies, progress: *progress };
    write(&head, body)
}

/// Puts back what a row holds. None: it makes no sense.
fn restore(site: &mut Site, row: &Row) -> Option<()> {
    let key = row.key.clone();
    match row.part.as_str() {
        TOKEN => site.app_tokens.restore(key, ()),
        CONSUMER => site.consumers.restore(key, read(&row.value)?),
        CONVERSATION => site.conversations.push(read(&row.value)?),
        ATTENDANCE => site.attendances.restore(key, read(&row.value)?),
        FILE => {
            let (head, bytes): (FileHead, Bytes) = read_with(&row.value)?;
            let FileHead { content_type, room, there } = head;
            let file =
                File { content_type: content_type.into(), room, bytes: there.then_some(bytes) };
            site.storage.files.restore(key, file);
        }
        PENDING => {
            let (head, body) = read_with(&row.value)?;
            let PendingHead { lane, kind, copies, progress } = head;
            let pending = Pending { lane, kind, body, copies, progress };
            site.outbox.pending.restore(key.parse().ok()?, pending);
        }
        _ => return None,
    }
    Some(())
}

/// A value as a line of JSON, and bytes behind it.
fn write(value: &impl Serialize, bytes: &[u8]) -> Vec<u8> {
    // All of them are structs and lists of what JSON has.
    let mut row = serde_json::to_vec(value).unwrap_or_default();
    row.push(b'\n');
    row.extend_from_slice(bytes);
    row
}

fn read_with<T: DeserializeOwned>(row: &[u8]) -> Option<(T, Bytes)> {
    let end = row.iter().position(|byte| *byte == b'\n')?;
    let value = serde_json::from_slice(&row[..end]).ok()?;
    Some((value, Bytes::copy_from_slice(&row[end + 1..])))
}

fn read<T: DeserializeOwned>(row: &[u8]) -> Option<T> {
    read_with(row).map(|(value, _)| value)
}
