//! `receiver.store=sqlite:…`: what outlives a receiver.

use lpconnector::Status;
use tempfile::TempDir;

use super::*;

struct Kept {
    scene: Scene,
    directory: TempDir,
}

impl Kept {
    fn new() -> Kept {
        Kept { scene: Scene::new(), directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("inbox.db")
    }

    fn receiver(&self, more: &[(&str, &str)]) -> Result<Receiver, lpconnector::Error> {
        let store = format!("sqlite:{}", self.path().display());
        Receiver::new(&self.scene.config(&[&[("receiver.store", &*store)], more].concat()))
    }

    fn open(&self, more: &[(&str, &str)]) -> Post {
        let scene = Scene { account: self.scene.account.clone(), ..Scene::new() };
        Post { scene, receiver: self.receiver(more).unwrap() }
    }
}

#[test]
fn what_was_not_acknowledged_comes_again_after_a_restart() {
    let kept = Kept::new();
    let post = kept.open(&[]);
    for sequence in 0..4 {
        assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
    }
    let first = post.next();
    drop(post.next());
    post.receiver.ack(&first).unwrap();
    drop((post, first));

    let post = kept.open(&[]);
    assert_eq!(post.deliver(&text("c", 2, "2")), 200, "it came before the restart");
    assert_eq!(post.deliver(&text("c", 4, "4")), 200);
    for expected in ["1", "2", "3", "4"] {
        let next = post.next();
        assert_eq!(text_of(&next), expected);
        post.receiver.ack(&next).unwrap();
    }
    drop(post);
    assert!(kept.open(&[]).texts().is_empty());
}

#[test]
fn what_it_kept_can_be_put_in_order_and_waited_for() {
    let kept = Kept::new();
    let post = kept.open(&[]);
    for sequence in [1, 0] {
        assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
    }
    drop(post);
    let more = [
        ("receiver.order", "true"),
        ("receiver.order.wait.ms", "86400000"),
        ("receiver.ack", "manual"),
        ("receiver.ack.timeout.ms", "2500"),
    ];
    let post = kept.open(&more);
    let (address, request) = (post.address(), post.request(&text("c", 0, "0")));
    let zero = post.next();
    assert_eq!(text_of(&zero), "0");
    assert_eq!(post.texts(), ["1"]);
    // It comes again while the program has it: one acknowledgement serves both.
    let mut again = connect(address);
    again.write_all(request.as_bytes()).unwrap();
    post.receiver.ack(&zero).unwrap();
    assert_eq!(status(&mut again), 200);
    assert!(post.texts().is_empty());
}

#[test]
fn a_file_is_for_one_receiver() {
    let kept = Kept::new();
    let post = kept.open(&[]);
    let refused = kept.receiver(&[]).unwrap_err();
    assert_eq!(refused.status(), Status::Io);
    assert!(refused.message().contains("another receiver uses the file"), "{refused}");
    assert!(refused.message().contains("inbox.db"), "{refused}");
    assert_eq!(post.deliver(&text("c", 0, "x")), 200);
    drop(post);
    assert_eq!(kept.open(&[]).texts(), ["x"]);
}

#[test]
fn what_cannot_be_written_is_not_taken() {
    let kept = Kept::new();
    drop(kept.receiver(&[]).unwrap());
    // As a full disk does: it has room for one.
    rusqlite::Connection::open(kept.path())
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON notification
             WHEN (SELECT count(*) FROM notification) >= 1
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;",
        )
        .unwrap();
    let post = kept.open(&[]);
    assert_eq!(post.deliver(&text("c", 0, "0")), 200);
    assert_eq!(post.deliver(&text("c", 1, "1")), 503);
    let zero = post.next();
    assert!(post.texts().is_empty());
    post.receiver.ack(&zero).unwrap();
    assert_eq!(post.deliver(&text("c", 1, "1")), 200, "what was not taken is no duplicate");
    assert_eq!(post.texts(), ["1"]);
}

#[test]
fn a_file_that_is_none_is_refused() {
    let kept = Kept::new();
    std::fs::write(kept.path(), "no database ".repeat(100)).unwrap();
    assert_eq!(kept.receiver(&[]).unwrap_err().status(), Status::Io);
    let nowhere = [("receiver.store", "sqlite:/nonexistent/inbox.db")];
    assert_eq!(kept.receiver(&nowhere).unwrap_err().status(), Status::Io);
}
