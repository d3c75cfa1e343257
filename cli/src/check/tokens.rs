//! Whether the service gives tokens for these credentials.

use lpconnector::Client;

use crate::check::advice;
use crate::check::report::{Report, Step};
use crate::failure::Failure;

/// Has an AppJWT obtained, and asks who a consumer is. `services`: those that can be reached.
/// `has_own`: one is given, and none has to be obtained.
pub(super) fn obtain(
    client: &Client,
    has_own: bool,
    consumer: &str,
    services: &[&str],
    report: &mut Report,
) -> Result<(), Failure> {
    let (token, identity) = (Step::of("token"), Step::of("consumer"));
    if !has_own && !services.contains(&"sentinel") {
        report.skipped(token, "Sentinel, which gives it, is not reached")?;
        return report.skipped(identity, "that takes a token");
    }
    if !services.contains(&"idp") {
        report.skipped(token, "only the IDP says whether it is right")?;
        return report.skipped(identity, "the IDP, which knows consumers, is not reached");
    }
    let who = client.consumer(consumer)?;
    let asked = who.lp_id();
    let obtained = client.stats().token_refreshes > 0;
    if has_own {
        report.skipped(token, "app.jwt is set")?;
    } else if obtained {
        report.ok(token, "the service gives an AppJWT for the credentials")?;
    } else if let Err(why) = &asked {
        report.failed(token, why, advice::token(why))?;
        return report.skipped(identity, "that takes a token");
    }
    match asked {
        Ok(id) => report.ok(identity, &format!("the service calls '{consumer}' {id}")),
        Err(why) => report.failed(identity, &why, advice::consumer(&why)),
    }
}
