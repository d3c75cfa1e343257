//! What happens in an account, as it happens: server-sent events for the console, and for programs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::feed::Feed;
use crate::control::misuse::Misuse;
use crate::control::site::site;
use crate::http::hangup::Hangup;
use crate::http::places::Place;

/// How often something is said where nothing happens: so it shows when a follower is gone.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a follower may read nothing.
const STALL: Duration = Duration::from_secs(30);
/// Between two looks, so that a crowd of changes is told together.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn open(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Extension(hangup): Extension<Hangup>,
    _: Object,
) -> Result<Response, Misuse> {
    let (mut feed, changes) = site(&shared, &id, |site| (Feed::new(site), site.changes.follow()))?;
    let place = shared.followers.take();
    // One piece waits here at most, and the next is not made before it is taken.
    let (pieces, taken) = mpsc::channel(1);
    tokio::spawn(async move {
        let next = || shared.accounts.with_site(&id, |site| feed.next(site)).unwrap_or_default();
        if let Err(Gone::Stalled) = follow(next, changes, &pieces, &place).await {
            hangup.call();
        }
    });
    let body = stream::unfold(taken, |mut taken| async {
        taken.recv().await.map(|piece| (Ok::<_, Infallible>(piece), taken))
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response())
}

/// Why a follower is told nothing more.
#[derive(Debug, PartialEq, Eq)]
enum Gone {
    /// It closed its connection.
    Left,
    /// It does not read.
    Stalled,
    /// Somebody else has its place, and it knows.
    Replaced,
}

/// Tells what is new until the follower is gone.
async fn follow(
    mut next: impl FnMut() -> String,
    mut changes: Receiver<u64>,
    pieces: &Sender<String>,
    place: &Place,
) -> Result<Infallible, Gone> {
    loop {
        // Marked before the look, so that nothing is missed after it.
        changes.mark_unchanged();
        let told = next();
        if !told.is_empty() {
            send(pieces, told).await?;
            sleep(PAUSE).await;
            continue;
        }
        tokio::select! {
            // The account lasts as long as the sandbox, and this task no longer.
            _ = changes.changed() => {}
            () = sleep(HEARTBEAT) => send(pieces, ":\n\n".to_owned()).await?,
            () = pieces.closed() => return Err(Gone::Left),
            () = place.lost() => {
                send(pieces, "event: replaced\ndata: {}\n\n".to_owned()).await?;
                return Err(Gone::Replaced);
            }
        }
    }
}

async fn send(pieces: &Sender<String>, piece: String) -> Result<(), Gone> {
    match timeout(STALL, pieces.send(piece)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Gone::Left),
        Err(_) => Err(Gone::Stalled),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{mpsc, watch};

    use super::{Gone, follow};
    use crate::http::places::{MOST, Places};

    /// The clock runs by itself while everybody waits.
    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_dropped_and_nothing_piles_up() {
        let (changes, news) = watch::channel(0);
        let (pieces, mut taken) = mpsc::channel(1);
        let mut made = 0;
        let next = || {
            made += 1;
            "data: 1\n\n".to_owned()
        };
        let gone = follow(next, news, &pieces, &Places::default().take()).await;
        assert_eq!((gone.expect_err("it ends"), made), (Gone::Stalled, 2));
        assert!(taken.recv().await.is_some());
        drop(changes);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_when_all_places_are_taken_gets_the_oldest() {
        let (_changes, news) = watch::channel(0);
        let places = Places::default();
        let (first, mut others) = (places.take(), Vec::new());
        others.extend((0..MOST).map(|_| places.take()));
        let (pieces, mut taken) = mpsc::channel(1);
        let gone = follow(String::new, news, &pieces, &first).await;
        assert_eq!(gone.expect_err("it ends"), Gone::Replaced);
        assert_eq!(taken.recv().await.as_deref(), Some("event: replaced\ndata: {}\n\n"));
        // Where one leaves, nobody has to go.
        drop(others.remove(0));
        let last = places.take();
        let lost = tokio::time::timeout(std::time::Duration::from_secs(1), others[0].lost()).await;
        assert!(lost.is_err());
        drop(last);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_is_told_nothing_more() {
        let (_changes, news) = watch::channel(0);
        let (pieces, taken) = mpsc::channel(1);
        drop(taken);
        let gone = follow(String::new, news, &pieces, &Places::default().take()).await;
        assert_eq!(gone.expect_err("it ends"), Gone::Left);
    }
}
