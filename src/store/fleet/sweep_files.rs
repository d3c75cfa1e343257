//! Files that no entry names: a node that died, or did not hear that an entry was written, leaves them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::store::fleet::broker::Trouble;
use crate::store::fleet::layout::Names;
use crate::store::fleet::link::Link;
use crate::store::fleet::object_store::{ObjectStore, name_of};

/// Where more wait, files wait, too: each entry is looked at.
const MOST_ENTRIES: usize = 10_000;

/// The files that are there, and since when this node sees them: so no clocks are compared.
#[derive(Default)]
pub(super) struct SeenFiles(HashMap<String, Instant>);

/// A stream, with its subjects.
#[derive(Deserialize)]
struct Listed {
    state: Subjects,
}

#[derive(Deserialize)]
struct Subjects {
    /// How many messages each has.
    #[serde(default)]
    subjects: HashMap<String, u64>,
}

/// Removes those that were seen for longer than it takes to write the entry that names them.
pub(super) async fn sweep_files(
    link: &Link,
    names: &Names,
    seen: &mut SeenFiles,
    longer_than: Duration,
) -> Result<(), Trouble> {
    let there = files(link, names).await?;
    seen.0.retain(|name, _| there.contains(name));
    for name in there {
        seen.0.entry(name).or_insert_with(Instant::now);
    }
    let is_old = |since: &Instant| since.elapsed() >= longer_than;
    let old = seen.0.iter().filter(|(_, since)| is_old(since));
    let mut unnamed: HashSet<String> = old.map(|(name, _)| name.clone()).collect();
    let mut looked_at = 0;
    for (stream, subjects) in names.queues() {
        let mut seq = 0;
        // What is moved meanwhile is written at the end before it is gone from where it was.
        while !unnamed.is_empty()
            && let Some(entry) = link.message_after(&stream, &subjects, seq).await?
        {
            seq = entry.seq;
            looked_at += 1;
            if looked_at > MOST_ENTRIES {
                return Ok(());
            }
            // Those of newer versions, too, which only they can read.
            for named in names_in(&entry.body()?) {
                unnamed.remove(named);
            }
        }
    }
    for name in unnamed {
        ObjectStore { link, names }.remove(&name).await?;
    }
    Ok(())
}

/// Those of entries, whole or not.
async fn files(link: &Link, names: &Names) -> Result<HashSet<String>, Trouble> {
    let info = format!("STREAM.INFO.{}", names.files());
    let listed: Listed = link.api(info, json!({ "subjects_filter": ">" })).await?;
    let (about, chunks) = (names.file_about(""), names.file_chunks(""));
    let name = |subject: &String| {
        let rest = subject.strip_prefix(&about).or_else(|| subject.strip_prefix(&chunks))?;
        name_of(rest.split('.').next()?)
    };
    let is_of_an_entry = |name: &String| name.starts_with("f-") || name.starts_with("n-");
    Ok(listed.state.subjects.keys().filter_map(name).filter(is_of_an_entry).collect())
}

/// All texts of an entry that may be the name of a file.
fn names_in(entry: &[u8]) -> impl Iterator<Item = &str> {
    entry.split(|byte| *byte == b'"').filter_map(|text| str::from_utf8(text).ok())
}
