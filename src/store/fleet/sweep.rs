//! What was finished, and is back with a server that was killed.
//!
//! Servers write late what consumers had them remove (2.9: up to minutes), and soon who has finished what. So
//! after a kill entries may stand in their streams that are never handed out again: they would count, and fill it.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::store::fleet::api::ConsumerInfo;
use crate::store::fleet::broker::{Lane, Trouble};
use crate::store::fleet::layout::{LANES_AT_A_TIME, Names, lanes};
use crate::store::fleet::link::Link;
use crate::store::fleet::streams::Erase;

/// Removes them from all lanes.
pub(super) async fn sweep(link: &Link, names: &Names, partitions: u16) -> Result<(), Trouble> {
    let swept = stream::iter(lanes(partitions)).map(|lane| sweep_lane(link, names, lane));
    swept.buffer_unordered(LANES_AT_A_TIME).try_collect().await
}

async fn sweep_lane(link: &Link, names: &Names, lane: Lane) -> Result<(), Trouble> {
    let (stream, subject) = (names.stream(lane), names.subject(lane));
    let info = format!("CONSUMER.INFO.{stream}.{}", names.consumer(lane));
    let info: ConsumerInfo = link.api(info, json!({})).await?;
    let done = info.ack_floor.stream_seq;
    // One by one: a purge of a part makes a server of 2.9 forget what it has to hand out again.
    while let Some(first) = link.message_after(&stream, &subject, 0).await? {
        if first.seq > done {
            break;
        }
        link.delete(&stream, first.seq, Erase::No).await?;
    }
    Ok(())
}
