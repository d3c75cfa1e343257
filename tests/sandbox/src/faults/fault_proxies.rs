//! The fault proxies that programs ask for over HTTP.

use std::io;
use std::sync::{Arc, Mutex};

use crate::base::lock::lock;
use crate::faults::fault_proxy::FaultProxy;

/// They last as long as the sandbox. The id of each is its place, counted from 1.
#[derive(Default)]
pub(crate) struct FaultProxies(Mutex<Vec<Arc<FaultProxy>>>);

impl FaultProxies {
    /// Starts one in front of the server at `target`, and gives back its id too.
    pub(crate) fn start(&self, target: &str) -> io::Result<(String, Arc<FaultProxy>)> {
        let proxy = Arc::new(FaultProxy::start(target)?);
        let mut proxies = lock(&self.0);
        proxies.push(proxy.clone());
        Ok((proxies.len().to_string(), proxy))
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<FaultProxy>> {
        let place = id.parse::<usize>().ok()?.checked_sub(1)?;
        lock(&self.0).get(place).cloned()
    }
}
