//! An action that two nodes have at the same time, or take for another one.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::store::arrival::Arrival;
use crate::store::change::{About, Step};
use crate::store::fleet::desk::Desk;
use crate::store::fleet::member::{Member, TAKEOVER, run, submit};
use crate::store::fleet::simulated::World;

/// The action that another node was the last to begin.
async fn begun_elsewhere(member: &Member) -> Option<u64> {
    let about = About { consumer: "alice".into(), ..About::default() };
    member.node.recall(&about).await.unwrap().unwrap().begun_elsewhere
}

/// The next action that arrives, and whether another node may have sent it.
async fn action(member: &mut Member) -> (u64, bool) {
    loop {
        if let Arrival::Action(action, _) = member.arrivals.recv().await.unwrap() {
            return (action.id, action.begun);
        }
    }
}

async fn submitted(member: &Member) {
    member.write(vec![submit("alice", None)], false).await.unwrap().unwrap();
}

async fn finish(member: &Member, id: u64) {
    member.write(vec![Step::ActionDone { id }], true).await.unwrap().unwrap();
}

#[test]
fn of_two_nodes_that_have_an_action_the_later_one_has_it() {
    run(async {
        let world = World::new(1, TAKEOVER);
        let mut first = Member::start(&world);
        submitted(&first).await;
        let (id, was_begun) = action(&mut first).await;
        assert!(!was_begun && begun_elsewhere(&first).await.is_none());
        world.elect();
        let mut second = Member::start(&world);
        assert_eq!(action(&mut second).await, (id, true));
        // The broker takes the word of both.
        sleep(TAKEOVER * 3).await;
        assert!(first.desk.holds(id) && second.desk.holds(id));
        assert_eq!(begun_elsewhere(&first).await, Some(id));
        assert_eq!(begun_elsewhere(&second).await, None);
        let _ = first.desk.let_go(id);
        loop {
            let arrival = first.arrivals.recv().await.unwrap();
            if matches!(arrival, Arrival::ActionLost { id: lost, .. } if lost == id) {
                break;
            }
        }
        sleep(TAKEOVER * 3).await;
        assert!(!first.desk.holds(id) && second.desk.holds(id));
    });
}

#[test]
fn who_may_not_be_alone_asks_before_it_sends() {
    let desk = Desk::default();
    desk.hold(1, TAKEOVER, true);
    assert!(desk.holds(1) && desk.is_fresh(1));
    desk.hold(2, Duration::ZERO, true);
    desk.extend(2, TAKEOVER);
    assert!(desk.holds(2) && !desk.is_fresh(2), "the broker takes the word of anybody");
}

#[test]
fn a_number_that_is_given_again_is_another_action() {
    run(async {
        let world = World::new(3, TAKEOVER);
        let mut node = Member::start(&world);
        submitted(&node).await;
        let (id, _) = action(&mut node).await;
        finish(&node, id).await;
        world.forget_last();
        submitted(&node).await;
        let again = timeout(TAKEOVER * 10, action(&mut node)).await;
        assert_eq!(again.ok().map(|(id, _)| id), Some(id), "it is taken for done");
        finish(&node, id).await;
        timeout(TAKEOVER * 10, action(&mut node)).await.unwrap_err();
        assert!(world.is_empty());
    });
}
