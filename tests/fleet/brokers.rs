//! The brokers: one, or three of a cluster.

use crate::nats_server::NatsServer;

pub struct Brokers(Vec<NatsServer>);

impl Brokers {
    pub fn start(count: usize) -> Brokers {
        match count {
            1 => Brokers(vec![NatsServer::start()]),
            _ => Brokers(NatsServer::start_cluster(count)),
        }
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// As `connector.store` takes it.
    pub fn store(&self) -> String {
        let hosts: Vec<String> =
            self.0.iter().map(|server| format!("127.0.0.1:{}", server.port())).collect();
        format!("nats://{}/fleet", hosts.join(","))
    }

    pub fn kill(&mut self, at: usize) {
        self.0[at].kill();
    }

    pub fn start_again(&mut self, at: usize) {
        self.0[at].start_again();
    }
}
