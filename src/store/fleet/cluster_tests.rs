//! NATS as a broker, by servers of a cluster.

use crate::store::fleet::broker::{Broker, Trouble};
use crate::store::fleet::nats::Nats;
use crate::store::fleet::nats_tests::nats_server::NatsServer;
use crate::store::fleet::nats_tests::{connect, run, settings_with, until};

/// A node at each server.
async fn nodes(servers: &[NatsServer]) -> Vec<Nats> {
    let mut nodes = Vec::new();
    for server in servers {
        let settings = settings_with(&server.store("sms"), &[("connector.nats.replicas", "3")]);
        let before = nodes.len();
        until("they have a leader", async || {
            nodes.extend(connect(&settings).await.ok());
            nodes.len() > before
        })
        .await;
    }
    nodes
}

/// Counts in a record, so often, whoever else does.
async fn count(node: &Nats, times: usize) {
    for _ in 0..times {
        loop {
            let kept = node.get("c.1").await.unwrap();
            let revision = kept.as_ref().map_or(0, |kept| kept.revision);
            let count = kept.map_or(0, |kept| number(&kept.body)) + 1;
            match node.put("c.1", revision, count.to_string().into()).await {
                Err(Trouble::Changed) => {}
                put => {
                    put.unwrap();
                    break;
                }
            }
        }
    }
}

fn number(body: &[u8]) -> usize {
    std::str::from_utf8(body).unwrap().parse().unwrap()
}

#[test]
fn no_change_of_a_record_is_lost_however_many_are_made_at_once() {
    let servers = NatsServer::start_cluster(3);
    run(async {
        let nodes = nodes(&servers).await;
        let without = connect(&settings_with(&servers[0].store("sms"), &[])).await.unwrap();
        assert!(without.is_clustered(), "what is there counts, not what was asked for");
        let counting = nodes.iter().chain(&nodes).map(|node| count(node, 20));
        futures_util::future::join_all(counting).await;
        let kept = nodes[0].get("c.1").await.unwrap().unwrap();
        assert_eq!(number(&kept.body), 2 * nodes.len() * 20);
        // One that was removed is made anew, by one of many.
        for _ in 0..3 {
            nodes[0].forget("c.1").await.unwrap();
            let making = nodes.iter().map(|node| node.put("c.1", 0, "0".into()));
            let made = futures_util::future::join_all(making).await;
            let made = made.iter().filter(|made| made.is_ok()).count();
            assert_eq!(made, 1);
        }
    });
}
