//! A service whose clock is wrong.

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Answer, Route};

use crate::control::control;
use crate::driver::{Driver, Reply, call, text};
use crate::token::claims;

/// The header Date in seconds since 1970.
fn date(reply: &Reply) -> i64 {
    let date = reply.headers["date"].to_str().expect("text");
    let date = httpdate::parse_http_date(date).expect("a date");
    date.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs().cast_signed()
}

fn token(driver: &Driver<'_>) -> Reply {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        driver.account.client_id, driver.account.client_secret
    );
    let url = driver.url("/sentinel/api/v2/account/{account}/app/token");
    call(&driver.agent, "POST", &url, &[], form.as_bytes()).expect("an answer")
}

#[test]
fn dates_and_tokens_follow_it() {
    let (driver, other) = (Driver::new(), Driver::new());
    for offset in [-7200, 0, 86400] {
        driver.sandbox.set_clock_offset(&driver.account.id, offset);
        let began = date(&token(&other)) + offset;
        let reply = token(&driver);
        let refused = driver.send(&text("x", "Hello"));
        let ended = date(&token(&other)) + offset;
        // A server may know the second a moment late.
        let meanwhile = |seconds: i64| (began - 1..=ended + 1).contains(&seconds);
        let claims = claims(reply.json()["access_token"].as_str().expect("a token"));
        let claim = |name: &str| claims[name].as_i64().expect("a number");
        assert!(meanwhile(claim("iat")), "{offset}");
        assert!(meanwhile(claim("exp") - 3600), "{offset}");
        assert!(meanwhile(date(&reply)), "{offset}");
        assert!(meanwhile(date(&refused)), "{offset}");
    }
}

#[test]
fn tokens_expire_by_it() {
    let mut driver = Driver::new();
    let code = |driver: &Driver<'_>| driver.send(&text("x", "Hello")).error_code();
    let set = |seconds| driver.sandbox.set_clock_offset(&driver.account.id, seconds);
    assert_eq!(code(&driver), json!(null));
    set(3700);
    assert_eq!(code(&driver), 40102);
    set(3500);
    assert_eq!(code(&driver), json!(null));
    set(-7200);
    let early = driver.sandbox.issue_app_jwt(&driver.account.id, 3600, &[]);
    set(0);
    driver.app_jwt = early;
    assert_eq!(code(&driver), 40102, "it expired an hour ago");
}

#[test]
fn a_canned_date_stays() {
    let driver = Driver::new();
    let path = format!("/accounts/{}/clock", driver.account.id);
    assert_eq!(control("POST", &path, &json!({"offset": -7200})).text, "{}");
    let canned = |headers| Answer::Status { status: 503, headers, body: Vec::new() };
    let (account, sandbox) = (&driver.account.id, driver.sandbox);
    sandbox.answer_next(account, Route::Send, canned(Vec::new()));
    let own = vec![("date".to_owned(), "Thu, 01 Jan 1970 00:00:07 GMT".to_owned())];
    sandbox.answer_next(account, Route::Send, canned(own));
    let early = date(&driver.send(&text("x", "Hello")));
    assert_eq!(date(&driver.send(&text("x", "Hello"))), 7);
    // A server may know the second a moment late.
    assert!(early < date(&Driver::new().send(&text("x", "Hello"))) - 7000);
}
