//! `receiver.store=sqlite:…`: what outlives a receiver.

use std::sync::{Arc, Mutex};

use lpconnector::{LogLevel, Status};
use tempfile::TempDir;

use super::*;
use crate::scene::until;

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

#[test]
fn what_was_acknowledged_is_a_duplicate_also_after_a_restart() {
    let kept = Kept::new();
    let post = kept.open(&[]);
    for sequence in 0..2 {
        assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
        post.receiver.ack(&post.next()).unwrap();
    }
    drop(post);
    let post = kept.open(&[("receiver.duplicates.window", "1")]);
    assert_eq!(post.deliver(&text("c", 1, "1")), 200);
    assert!(post.texts().is_empty());
    assert_eq!(post.deliver(&text("c", 0, "0")), 200);
    assert_eq!(post.texts(), ["0"], "the window is smaller now");
}

#[test]
fn what_is_not_acknowledged_is_a_duplicate_however_small_the_window() {
    let kept = Kept::new();
    let window = [("receiver.duplicates.window", "0")];
    let post = kept.open(&window);
    for _ in 0..2 {
        assert_eq!(post.deliver(&text("c", 0, "0")), 200);
    }
    drop(post);
    let post = kept.open(&window);
    assert_eq!(post.deliver(&text("c", 0, "0")), 200);
    assert_eq!(post.texts(), ["0"]);
}

#[test]
fn a_dialog_goes_on_after_a_restart_without_a_wait() {
    let kept = Kept::new();
    let order = [("receiver.order", "true"), ("receiver.order.wait.ms", "86400000")];
    let post = kept.open(&order);
    for sequence in 0..3 {
        assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
    }
    for _ in 0..2 {
        post.receiver.ack(&post.next()).unwrap();
    }
    drop(post);
    let post = kept.open(&order);
    for sequence in [4, 3] {
        assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
    }
    assert_eq!(post.texts(), ["2", "3", "4"]);
}

#[test]
#[cfg(unix)]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let kept = Kept::new();
    let post = kept.open(&[]);
    assert_eq!(post.deliver(&text("c", 0, "x")), 200);
    let files: Vec<_> = std::fs::read_dir(kept.directory.path())
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777))
        .collect();
    assert!(files.len() >= 2, "{files:?}");
    assert!(files.iter().all(|(_, mode)| *mode == 0o600), "{files:?}");
}

#[test]
fn what_was_acknowledged_leaves_the_file_and_gives_its_space_back() {
    const MANY: i64 = 40;

    let kept = Kept::new();
    let post = kept.open(&[]);
    let secret = "the number of my card";
    for sequence in 0..MANY {
        let long = format!("{secret} {}", "x".repeat(100_000));
        assert_eq!(post.deliver(&text("c", sequence, &long)), 200);
    }
    let files = || {
        let files = std::fs::read_dir(kept.directory.path()).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect::<Vec<_>>()
    };
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    assert!(files().iter().any(|file| holds(file)));
    for _ in 0..MANY {
        post.receiver.ack(&post.next()).unwrap();
    }
    until(|| {
        let files = files();
        let size: usize = files.iter().map(Vec::len).sum();
        (size < 100_000 && !files.iter().any(|file| holds(file))).then_some(())
    });
}

#[test]
fn what_is_no_file_is_refused() {
    let kept = Kept::new();
    let mut config = kept.scene.config(&[]);
    for store in
        ["sqlite::memory:", "sqlite:file:x.db?mode=memory", "sqlite:file:/tmp/x", "sqlite:"]
    {
        let refused = config.set("receiver.store", store).unwrap_err();
        assert_eq!(refused.status(), Status::Config, "{store}");
        assert!(refused.message().contains("the name of a file, no URI"), "{refused}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nothing() {
    let kept = Kept::new();
    let post = kept.open(&[]);
    for sequence in 0..3 {
        assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
    }
    drop(post);
    rusqlite::Connection::open(kept.path())
        .unwrap()
        .execute("UPDATE notification SET body = 7 WHERE id = 2", [])
        .unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let store = format!("sqlite:{}", kept.path().display());
    let mut config = kept.scene.config(&[("receiver.store", &*store)]);
    config
        .set_log(LogLevel::Error, move |_, line: &str| sink.lock().unwrap().push(line.to_owned()));
    let receiver = Receiver::new(&config).unwrap();
    assert_eq!(
        *lines.lock().unwrap(),
        ["receiver: store: put aside: notification 2: it is no notification"]
    );
    for expected in ["0", "2"] {
        let next = receiver.poll(Duration::ZERO).unwrap().unwrap();
        assert_eq!(text_of(&next), expected);
    }
    assert!(receiver.poll(Duration::ZERO).unwrap().is_none());
}

#[test]
#[cfg(unix)]
fn what_goes_to_a_file_that_is_gone_is_not_taken() {
    type Spoil = fn(&std::path::Path);
    let removed: Spoil = |file| std::fs::remove_file(file).unwrap();
    let replaced: Spoil = |file| {
        let other = file.with_extension("other");
        std::fs::copy(file, &other).unwrap();
        std::fs::rename(&other, file).unwrap();
    };
    let halved: Spoil = |file| std::fs::remove_file(file.with_extension("db-wal")).unwrap();
    for spoil in [removed, replaced, halved] {
        let kept = Kept::new();
        let post = kept.open(&[]);
        assert_eq!(post.deliver(&text("c", 0, "0")), 200);
        spoil(&kept.path());
        assert_eq!(post.deliver(&text("c", 1, "1")), 503, "a restart would not find it");
        let zero = post.next();
        let error = post.receiver.ack(&zero).unwrap_err();
        assert_eq!(error.status(), Status::Io);
        assert!(error.message().contains("was removed or replaced"), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_at_the_end_of_a_link_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let kept = Kept::new();
    let file = kept.directory.path().join("elsewhere.db");
    std::os::unix::fs::symlink(&file, kept.path()).unwrap();
    let post = kept.open(&[]);
    assert_eq!(post.deliver(&text("c", 0, "0")), 200);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
