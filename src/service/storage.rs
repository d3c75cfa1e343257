//! The file storage: files on their way up and down.

use std::fs::File;
use std::sync::Arc;

use ureq::http::Method;

use crate::base::deadline::Deadline;
use crate::base::error::Error;
use crate::base::stats::Operation;
use crate::net::streamed::Progress;
use crate::net::transport::{Body, HttpRequest};
use crate::protocol::storage::StorageUrl;
use crate::service::directory::{Directory, Service};
use crate::service::exchange::{Exchange, ServiceRequest};

/// What is done with a place in the storage: neither token goes there.
pub(crate) enum Transfer<'a> {
    Up(Body<'a>),
    Down(&'a File),
}

pub(crate) struct Storage {
    exchange: Arc<Exchange>,
    directory: Arc<Directory>,
}

impl Storage {
    pub(crate) fn new(exchange: Arc<Exchange>, directory: Arc<Directory>) -> Storage {
        Storage { exchange, directory }
    }

    /// Moves a file, once; an expired URL fails with HTTP status 401.
    pub(crate) fn transfer(
        &self,
        place: &StorageUrl,
        transfer: &Transfer,
        progress: Option<&Progress>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let base = self.directory.base_url(Service::Storage, deadline)?;
        let url = base.join(&place.path_and_query())?;
        let secrets = place.signature();
        let (doing, http) = match *transfer {
            Transfer::Up(body) => {
                let put = HttpRequest::new(Method::PUT, url);
                ("uploading the file", HttpRequest { body, progress, ..put })
            }
            Transfer::Down(into) => {
                let get = HttpRequest::new(Method::GET, url);
                ("downloading the file", HttpRequest { into: Some(into), progress, ..get })
            }
        };
        let request = ServiceRequest::new(doing, Operation::Storage, http);
        let request = ServiceRequest { secrets: &secrets, ..request };
        self.exchange.send(&request, deadline).map(drop)
    }
}
