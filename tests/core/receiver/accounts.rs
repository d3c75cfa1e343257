//! Whose notifications are taken: webhooks are account-wide.

use std::sync::{Arc, Mutex};

use lpc_sandbox::Account;
use lpconnector::LogLevel;

use super::*;

/// Posts a body as the service does for this account, signed with its secret; `headers` end in a
/// line break.
fn post_for(post: &Post, account: &Account, headers: &str, body: &str) -> u16 {
    let signature = post.scene.sandbox.sign(&account.id, body.as_bytes(), Signature::default());
    let length = body.len();
    let head = format!("{HEAD}{headers}Content-Length: {length}\r\n{SIGNATURE}: {signature}");
    exchange(post.address(), &format!("{head}\r\n\r\n{body}"))
}

fn named(account: &Account) -> String {
    let (id, client) = (&account.id, &account.client_id);
    format!("x-liveperson-account-id: {id}\r\nx-liveperson-client-id: {client}\r\n")
}

#[test]
fn another_accounts_or_apps_notification_is_refused_and_logged_as_what_it_is() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    // Of more than one a second, the others are for who debugs.
    config.set_log(LogLevel::Debug, move |_, line| {
        if line.starts_with("receiver: 4") {
            sink.lock().unwrap().push(line.to_owned());
        }
    });
    let receiver = Receiver::new(&config).unwrap();
    let post = Post { scene, receiver };
    let (ours, body) = (post.scene.account.clone(), text("c", 0, "x"));
    let other = post.scene.sandbox.new_account();
    assert_eq!(post_for(&post, &other, &named(&other), &body), 401);
    let wrong_app = named(&ours).replace(&ours.client_id, "another-app");
    assert_eq!(post_for(&post, &ours, &wrong_app, &body), 401);
    assert_eq!(post_for(&post, &ours, &named(&ours), &body), 200);
    assert_eq!(post.next().account_id(), ours.id);
    assert_eq!(post_for(&post, &ours, "", &text("c", 1, "x")), 200, "without the headers");
    assert_eq!(post.next().account_id(), ours.id);
    let lines = lines.lock().unwrap();
    let [account, app] = &lines[..] else { panic!("{lines:?}") };
    let expected = format!("receiver: 401: a notification of the account '{}', which", other.id);
    assert!(account.starts_with(&expected), "{account}");
    assert!(app.contains("for the app 'another-app', which is not ours"), "{app}");
}

#[test]
fn one_receiver_serves_several_accounts_each_with_its_secret() {
    let scene = Scene::new();
    let (one, two) = (scene.sandbox.new_account(), scene.sandbox.new_account());
    let accounts = format!(
        "{}={}, {}=replaced-secret,{}={}",
        one.id, one.client_secret, two.id, two.id, two.client_secret
    );
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("inbox.db").display());
    let options = [("receiver.accounts", accounts.as_str()), ("receiver.store", &store)];
    let config = scene.config(&options);
    let post = Post { receiver: Receiver::new(&config).unwrap(), scene };
    let ours = post.scene.account.clone();
    let body = text("c", 0, "x");
    for account in [&ours, &one, &two] {
        assert_eq!(post_for(&post, account, &named(account), &body), 200);
    }
    // Signed by one, and named as the other.
    assert_eq!(post_for(&post, &one, &named(&two), &text("c", 1, "x")), 401);
    let ids = [(); 3].map(|()| post.next().account_id().to_owned());
    assert_eq!(ids, [ours.id.clone(), one.id.clone(), two.id.clone()]);
    // They outlive the process.
    let Post { scene, receiver } = post;
    drop(receiver);
    let again = Post { receiver: Receiver::new(&config).unwrap(), scene };
    assert_eq!([(); 3].map(|()| again.next().account_id().to_owned()), ids);
}

#[test]
fn secrets_are_replaced_without_a_restart() {
    let post = Post::with(&[]);
    let (old, new) = (post.scene.account.clone(), post.scene.sandbox.new_account());
    let headers = format!("x-liveperson-account-id: {}\r\n", old.id);
    assert_eq!(post_for(&post, &new, &headers, &text("c", 0, "x")), 401);
    let both = [&*old.client_secret, &*new.client_secret];
    post.receiver.set_credentials(&old.client_id, &both).unwrap();
    for (sequence, signer) in [(1, &old), (2, &new)] {
        assert_eq!(post_for(&post, signer, &headers, &text("c", sequence, "x")), 200);
    }
    post.receiver.set_credentials("another-app", &[&new.client_secret]).unwrap();
    assert_eq!(post_for(&post, &old, &headers, &text("c", 3, "x")), 401);
    for (app, status) in [("another-app", 200), (&old.client_id, 401)] {
        let headers = format!("{headers}x-liveperson-client-id: {app}\r\n");
        assert_eq!(post_for(&post, &new, &headers, &text("c", 5, "x")), status, "{app}");
    }
    for (id, secrets) in [("", &["s"][..]), ("a", &[""]), ("a", &[]), ("a\n", &["s"])] {
        assert!(post.receiver.set_credentials(id, secrets).is_err());
    }
    assert_eq!(post_for(&post, &new, &headers, &text("c", 4, "x")), 200);
}
