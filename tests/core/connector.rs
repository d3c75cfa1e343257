//! A connector, from what is submitted to what the program is told.

mod away;
mod disk;
mod fleet;
mod fleet_faults;
mod independence;
mod refusals;
mod sends;
mod talks;
mod waits;

#[path = "../store/nats_server.rs"]
mod nats_server;

use lpconnector::Connector;
use tempfile::TempDir;

use crate::scene::Scene;

/// A connector of the scene's account with such a store, and the directory where that is.
pub fn connector(scene: &Scene, store: &str, options: &[(&str, &str)]) -> (Connector, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", directory.path().join("queue.db").display());
    let store = if store == "memory" { store } else { &file };
    let options = [&[("connector.store", store)], options].concat();
    (Connector::new(&scene.config(&options)).unwrap(), directory)
}
