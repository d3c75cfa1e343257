//! What a server that was killed did not write down of what was finished.
//!
//! Servers (2.9) write late what consumers had them remove, some of it up to minutes, and soon who has finished
//! what. After a kill entries may stand in a stream that are never handed out again: they would count, and fill
//! it. And a consumer may wait for ever for somebody to finish an entry that is gone: its lane would stand still.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::store::fleet::api::{ConsumerInfo, Failed, Reached};
use crate::store::fleet::broker::Lane;
use crate::store::fleet::layout::{LANES_AT_A_TIME, Names, lanes};
use crate::store::fleet::link::Link;
use crate::store::fleet::timestamp;

/// Puts that right in all lanes. Gives when their consumers were made, in nanoseconds.
pub(super) async fn sweep(
    link: &Link,
    names: &Names,
    partitions: u16,
) -> Result<HashMap<Lane, i64>, Failed> {
    let swept = stream::iter(lanes(partitions)).map(|lane| sweep_lane(link, names, lane));
    swept.buffer_unordered(LANES_AT_A_TIME).try_collect().await
}

async fn sweep_lane(link: &Link, names: &Names, lane: Lane) -> Result<(Lane, i64), Failed> {
    let (stream, subject) = (names.stream(lane), names.subject(lane));
    let consumer = names.consumer(lane);
    let info = format!("CONSUMER.INFO.{stream}.{consumer}");
    let info: ConsumerInfo = link.api(info, json!({})).await?;
    let made = timestamp::parse(&info.created).unwrap_or(i64::MIN);
    let (held, done) = (info.delivered, info.ack_floor.stream_seq);
    // Where more may be out at a time, one that is gone stops nobody.
    let holds_one = lane.most_out() == 1 && info.num_ack_pending == 1;
    if holds_one && !link.has(&stream, held.stream_seq).await? {
        let Reached { stream_seq, consumer_seq } = held;
        let finish = format!("$JS.ACK.{stream}.{consumer}.1.{stream_seq}.{consumer_seq}.0.0");
        link.ask(finish, None, Bytes::from_static(b"+ACK")).await?;
    }
    // One by one: a purge of a part makes a server of 2.9 forget what it has to hand out again.
    while let Some(first) = link.message_after(&stream, &subject, 0).await? {
        if first.seq > done {
            break;
        }
        link.delete(&stream, first.seq).await?;
    }
    Ok((lane, made))
}
