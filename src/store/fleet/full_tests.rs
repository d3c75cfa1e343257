//! A store without room, and what makes some.

use std::sync::Arc;

use tokio::time::sleep;

use crate::base::error::Status;
use crate::base::lock::lock;
use crate::store::change::{Edit, Edited, Step};
use crate::store::fleet::member::{Member, run, submit, update};
use crate::store::fleet::simulated::World;

#[test]
fn what_became_of_an_action_waits_for_room_and_acknowledgements_make_it() {
    run(async {
        let world = World::new(1, super::member::TAKEOVER);
        world.most.set([usize::MAX, 1]);
        let mut node = Member::start(&world);
        node.write(vec![update("alice", "first", None)], false).await.unwrap().unwrap();
        let (first, _) = node.outcome().await;
        node.write(vec![submit("alice", None)], false).await.unwrap().unwrap();
        let id = node.action().await;
        let done = vec![Step::ActionDone { id }, update("alice", "second", Some(id))];
        let mut done = node.write(done, true);
        // Its node keeps the action meanwhile.
        sleep(super::member::TAKEOVER * 3).await;
        assert!(done.try_recv().is_err(), "it is owed, and waits");
        assert!(node.desk.holds(id), "nobody else sends it");
        let refused = node.write(vec![update("bob", "third", None)], false).await.unwrap();
        assert_eq!(refused.unwrap_err().status(), Status::Full);
        assert_eq!(lock(&node.log).len(), 1, "{:?}", node.log);

        let ack = vec![Step::UpdateDone { id: first }];
        node.write(ack, false).await.unwrap().expect("it waits for nothing that waits for room");
        done.await.unwrap().unwrap();
        let (second, body) = node.outcome().await;
        assert_eq!(body, "second");
        node.write(vec![Step::UpdateDone { id: second }], false).await.unwrap().unwrap();
        assert!(world.is_empty());
        assert_eq!(lock(&node.log).len(), 2, "that it goes on, too: {:?}", node.log);
    });
}

#[test]
fn an_acknowledgement_waits_for_no_room_for_its_receipt() {
    run(async {
        let world = World::new(1, super::member::TAKEOVER);
        let mut node = Member::start(&world);
        node.write(vec![update("alice", "first", None)], false).await.unwrap().unwrap();
        let (first, _) = node.outcome().await;
        world.most.set([0, 0]);
        let ack = vec![Step::UpdateDone { id: first }, submit("alice", None)];
        node.write(ack, false).await.unwrap().unwrap();
        assert!(world.is_empty());
    });
}

#[test]
fn what_is_known_of_a_consumer_leaves_room_for_what_comes_of_it() {
    run(async {
        let world = World::new(1, super::member::TAKEOVER);
        let mut node = Member::start(&world);
        node.write(vec![submit("alice", None)], false).await.unwrap().unwrap();
        let id = node.action().await;
        let learn = |length: usize| {
            let edit: Edit = Arc::new(move |_| {
                let ids = vec!["conversation".to_owned()];
                Some(Edited { body: "x".repeat(length), ids, lp_id: String::new() })
            });
            Step::Learn { consumer: "alice".into(), edit }
        };
        // With what is sent for it, it would be more than the broker takes.
        let refused = node.write(vec![learn(600_000)], false).await.unwrap();
        assert_eq!(refused.unwrap_err().status(), Status::InvalidArgument);
        node.write(vec![learn(500_000)], false).await.unwrap().unwrap();
        let done = vec![learn(550_000), Step::ActionDone { id }];
        node.write(done, true).await.unwrap().unwrap();
        assert!(world.is_empty());
    });
}
