//! The environment variables that point a client at the sandbox.

use std::net::SocketAddr;
use std::path::Path;

use crate::base::pem::PemFile;
use crate::base::tls::Files;
use crate::model::account::Account;

/// Those that do not depend on the account.
pub(crate) struct Variables {
    client: Vec<(&'static str, String)>,
    /// Those of the files of a receiver.
    receiver: Vec<(&'static str, String)>,
}

impl Variables {
    /// `url`: where the services are.
    pub(crate) fn new(url: &str, files: Option<&Files>) -> Variables {
        Variables { client: client(url, files), receiver: receiver(files) }
    }

    /// All for this account, and for its receiver, if it has one.
    pub(crate) fn of(
        &self,
        account: &Account,
        receiver: Option<SocketAddr>,
    ) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("LPC_ACCOUNT_ID", account.id.clone()),
            ("LPC_CLIENT_ID", account.client_id.clone()),
            ("LPC_CLIENT_SECRET", account.client_secret.clone()),
        ];
        variables.extend(self.client.iter().cloned());
        if let Some(address) = receiver {
            variables.push(("LPC_RECEIVER_LISTEN", address.to_string()));
            variables.extend(self.receiver.iter().cloned());
        }
        variables
    }
}

fn client(url: &str, files: Option<&Files>) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("LPC_DOMAIN_API_URL", url.to_owned()),
        ("LPC_DOMAIN_ALLOWED_SUFFIXES", "127.0.0.1,localhost".to_owned()),
        ("LPC_PROXY_URL", "none".to_owned()),
    ];
    let text = |path: &Path| path.display().to_string();
    match files {
        Some(files) => variables.push(("LPC_TLS_CA_FILE", text(files.ca.path()))),
        None => variables.push(("LPC_ALLOW_PLAINTEXT", "true".to_owned())),
    }
    if let Some((certificate, key)) = files.and_then(|files| files.client.as_ref()) {
        variables.push(("LPC_TLS_CLIENT_CERT_FILE", text(certificate.path())));
        variables.push(("LPC_TLS_CLIENT_KEY_FILE", text(key.path())));
    }
    variables
}

fn receiver(files: Option<&Files>) -> Vec<(&'static str, String)> {
    let Some(Files { ca, client, receiver: (certificate, key) }) = files else { return Vec::new() };
    let text = |file: &PemFile| file.path().display().to_string();
    let mut variables = vec![
        ("LPC_RECEIVER_TLS_CERT_FILE", text(certificate)),
        ("LPC_RECEIVER_TLS_KEY_FILE", text(key)),
    ];
    // Only then the service has one to show.
    if client.is_some() {
        variables.push(("LPC_RECEIVER_TLS_CLIENT_CA_FILE", text(ca)));
    }
    variables
}
