//! An update that a node did not keep in time.

use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

use crate::base::error::Status;
use crate::store::change::Step;
use crate::store::fleet::member::{Member, TAKEOVER, run, update};
use crate::store::fleet::simulated::World;

#[test]
fn what_was_not_kept_in_time_cannot_be_acknowledged_and_comes_again() {
    run(async {
        let world = World::new(1, TAKEOVER);
        let mut node = Member::start(&world);
        node.write(vec![update("alice", "it", None)], false).await.unwrap().unwrap();
        let (id, _) = node.outcome().await;
        assert!(node.desk.holds_update(id));
        node.link_broken_until.set(Some(Instant::now() + TAKEOVER * 2));
        sleep(TAKEOVER * 3 / 2).await;
        assert!(!node.desk.holds_update(id) && !node.desk.give(id));
        let refused = node.write(vec![Step::UpdateDone { id }], false).await.unwrap();
        assert_eq!(refused.unwrap_err().status(), Status::Connect);
        let again = node.outcome().await;
        assert_eq!(again, (id, "it".to_owned()));
        node.write(vec![Step::UpdateDone { id }], false).await.unwrap().unwrap();
        assert!(world.is_empty());
    });
}

#[test]
fn what_the_broker_forgot_that_a_node_has_is_kept_by_it_no_longer() {
    run(async {
        let world = World::new(2, TAKEOVER);
        let mut node = Member::start(&world);
        node.write(vec![update("alice", "it", None)], false).await.unwrap().unwrap();
        let (id, _) = node.outcome().await;
        world.has_forgotten.set(true);
        let refused = node.write(vec![Step::UpdateDone { id }], false).await.unwrap();
        assert_eq!(refused.unwrap_err().status(), Status::Connect);
        assert!(!node.desk.holds_update(id));
        // Kept by whoever does not have it, nobody would.
        let again = timeout(TAKEOVER * 2, node.outcome()).await.unwrap();
        assert_eq!(again, (id, "it".to_owned()));
        node.write(vec![Step::UpdateDone { id }], false).await.unwrap().unwrap();
        assert!(world.is_empty());
    });
}

#[test]
fn who_was_suspended_takes_an_update_from_nobody() {
    run(async {
        let world = World::new(1, TAKEOVER);
        // Time goes on where its tasks are not run.
        let suspended = LocalSet::new();
        let mut first = suspended
            .run_until(async {
                let mut first = Member::start(&world);
                first.write(vec![update("alice", "it", None)], false).await.unwrap().unwrap();
                first.outcome().await;
                first
            })
            .await;
        let mut second = Member::start(&world);
        let (id, _) = second.outcome().await;
        suspended.run_until(sleep(TAKEOVER * 3)).await;
        assert!(second.desk.holds_update(id));
        let minute = Duration::from_secs(60);
        assert!(timeout(minute, second.outcome()).await.is_err(), "it has it");
        assert!(timeout(minute, first.outcome()).await.is_err(), "another has it");
    });
}
