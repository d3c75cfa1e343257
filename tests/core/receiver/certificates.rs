//! Certificates that are replaced while a receiver listens.

use std::sync::{Arc, Mutex};

use lpconnector::LogLevel;

use super::mutual_tls::{Made, make, post_over_tls};
use super::*;
use crate::scene::until;

#[test]
fn new_certificates_are_used_and_broken_ones_are_not() {
    let (old, new, newest) = (make(), make(), make());
    let (service, stranger) = (make(), make());
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let write = |name: &str, pem: &str| std::fs::write(path(name), pem).unwrap();
    write("cert.pem", &old.certificate);
    write("key.pem", &old.key);
    write("ca.pem", &service.ca);
    let scene = Scene::new();
    let mut config = scene.config(&[
        ("receiver.tls.cert.file", &path("cert.pem")),
        ("receiver.tls.key.file", &path("key.pem")),
        ("receiver.tls.client.ca.file", &path("ca.pem")),
    ]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    config.set_log(LogLevel::Info, move |_, line| sink.lock().unwrap().push(line.to_owned()));
    let count = |part: &str| lines.lock().unwrap().iter().filter(|it| it.contains(part)).count();
    let post = Post { receiver: Receiver::new(&config).unwrap(), scene };
    let request = post.request(&text("c", 1, "x"));
    let shows = |server: &Made, own: &Made| {
        post_over_tls(post.address(), server, Some(own), &request) == Some(200)
    };
    assert!(shows(&old, &service));

    // Half of it is there: the certificate without its key, the beginning of a file, nothing at all.
    for broken in [&new.certificate, &new.certificate[..200], ""] {
        let before = count("its certificates stay as they were");
        write("cert.pem", broken);
        until(|| {
            assert!(shows(&old, &service), "{broken}");
            (count("its certificates stay as they were") > before).then_some(())
        });
    }
    std::fs::remove_file(path("cert.pem")).unwrap();
    until(|| {
        assert!(shows(&old, &service));
        (count("cannot read the file") == 1).then_some(())
    });
    // Each was said once, however many handshakes there were.
    assert_eq!(count("its certificates stay as they were"), 4, "{:?}", lines.lock().unwrap());

    // The other half comes.
    write("cert.pem", &new.certificate);
    write("key.pem", &new.key);
    until(|| shows(&new, &service).then_some(()));
    assert!(!shows(&old, &service));
    assert_eq!(count("its certificates were read again"), 1);
    // As tools do it that renew certificates: another file in the place of the old one.
    for (name, pem) in [("cert.pem", &newest.certificate), ("key.pem", &newest.key)] {
        write("next", pem);
        std::fs::rename(path("next"), path(name)).unwrap();
    }
    until(|| shows(&newest, &service).then_some(()));

    // Whom to trust is read again, too.
    assert!(!shows(&newest, &stranger));
    write("ca.pem", &stranger.ca);
    until(|| shows(&newest, &stranger).then_some(()));
    assert!(!shows(&newest, &service));
}
