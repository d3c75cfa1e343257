//! The service shows a certificate, where an endpoint of notifications demands one.

use std::net::TcpListener;
use std::path::Path;

use lpc_sandbox::{Options, Retry, Sandbox, TlsVersions, Webhook};

use crate::endpoint::Endpoint;
use crate::fault::until;
use crate::tls;

fn certified(tls_versions: TlsVersions) -> Sandbox {
    let client_certificates = true;
    let options = Options { tls: true, client_certificates, tls_versions, ..Options::default() };
    Sandbox::start(options).expect("the sandbox starts")
}

/// Whether a notification of the sandbox reaches an endpoint that demands a certificate of this CA.
fn reaches(sandbox: &Sandbox, ca_file: &Path) -> bool {
    let account = sandbox.new_account().id;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = Endpoint::demanding(listener, sandbox, ca_file);
    let webhook = Webhook::to(format!("https://{}/", endpoint.address));
    sandbox.set_webhook(&account, Webhook { retry: Retry::Times { max: 0 }, ..webhook });
    sandbox.notify(&account, "{}");
    until(|| sandbox.pending(&account) == 0);
    let delivered = sandbox.deliveries(&account)[0].delivered();
    assert_eq!(endpoint.rest(), usize::from(delivered), "it came or it did not");
    delivered
}

#[test]
fn only_a_certificate_of_the_ca_that_is_demanded_gets_through() {
    let (other, without) = (tls::sandbox(), tls::sandbox());
    let ca_file = |sandbox: &Sandbox| sandbox.ca_file().expect("a CA file").to_owned();
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let sandbox = certified(versions);
        assert!(reaches(&sandbox, &ca_file(&sandbox)), "{versions:?}");
        assert!(!reaches(&sandbox, &ca_file(&other)), "of another CA, {versions:?}");
    }
    assert!(!reaches(&without, &ca_file(&without)), "there is none to show");
}

#[test]
fn the_variables_let_a_receiver_demand_it() {
    const NAME: &str = "LPC_RECEIVER_TLS_CLIENT_CA_FILE";
    let file = |sandbox: &Sandbox, account| {
        let mut variables = sandbox.variables(account).into_iter();
        variables.find(|(name, _)| *name == NAME).map(|(_, file)| file)
    };
    let sandbox = certified(TlsVersions::All);
    let account = sandbox.new_account();
    assert_eq!(file(&sandbox, &account), None, "there is no receiver");
    let address = sandbox.reserve_receiver(&account.id);
    let ca_file = file(&sandbox, &account).expect("a CA file");
    let listener = TcpListener::bind(address).expect("the reserved port");
    let endpoint = Endpoint::demanding(listener, &sandbox, Path::new(&ca_file));
    sandbox.notify(&account.id, "{}");
    assert_eq!(endpoint.next().body, b"{}");

    let without = tls::sandbox();
    let account = without.new_account();
    without.reserve_receiver(&account.id);
    assert_eq!(file(&without, &account), None, "nobody could show one");
}
