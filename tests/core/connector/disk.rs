//! `connector.store=sqlite:…` on a disk that is full: what was taken is there after a kill, and what was not
//! is not.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lpc_sandbox::{Route, Signature};
use lpconnector::{Connector, Status, UpdateKind};

use crate::scene::{Scene, until};

const ENOSPC: i32 = 28;
#[cfg(target_os = "linux")]
use crate::small_disk::run_on_a_small_disk;
use crate::small_disk::{SMALL_DISK, fill};

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    run_on_a_small_disk("connector::disk::on_a_small_disk");
}

#[test]
#[ignore = "a part of another test"]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(SMALL_DISK) else { return };
    let disk = Path::new(&disk);
    let file = disk.join("queue.db");
    let store = format!("sqlite:{}", file.display());
    let scene = Scene::new();
    // Nobody tells it of its own messages here.
    const HERE: (&str, &str) = ("connector.echo.wait.ms", "1");
    let away = [("connector.store", &*store), ("domain.messaging", "http://127.0.0.1:1"), HERE];
    let connector = Connector::new(&scene.config(&away)).unwrap();
    let text = |n: usize| format!("{n} {}", "x".repeat(6_000));
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for n in 0..100 {
        match connector.submit_text(&format!("c{}", n % 3), &text(n), Some(&n.to_string())) {
            Ok(()) => taken.push(n),
            Err(why) => {
                assert_eq!((why.status(), why.is_retryable()), (Status::Io, true), "{why}");
                assert_eq!((why.path(), why.os_error()), (Some(&*file), Some(ENOSPC)), "{why}");
                assert!(why.message().contains("No space left on device"), "{why}");
                refused.push(n);
            }
        }
    }
    assert!(taken.len() > 3 && refused.len() > 3, "{} were taken", taken.len());
    // As after a kill: what is in the file is what there is.
    let copy = disk.with_extension("copy");
    std::fs::create_dir_all(&copy).unwrap();
    for file in ["queue.db", "queue.db-wal"] {
        let _ = std::fs::copy(disk.join(file), copy.join(file));
    }
    drop(connector);
    for store in [format!("sqlite:{}", copy.join("queue.db").display()), store.clone()] {
        // Where nobody has a conversation open.
        let scene = scene.anew();
        let connector =
            Connector::new(&scene.config(&[("connector.store", &store), HERE])).unwrap();
        let mut sent = Vec::new();
        while sent.len() < taken.len() {
            let update = connector.poll(Duration::from_secs(20)).unwrap();
            let update = update.unwrap_or_else(|| {
                panic!("{} {:?} {:?}", sent.len(), taken.len(), connector.stats())
            });
            connector.ack(&update).unwrap();
            match update.kind() {
                UpdateKind::Sent => sent.push(update.key().unwrap().parse::<usize>().unwrap()),
                UpdateKind::Opened => {}
                kind => panic!("{kind:?} {:?}", update.error()),
            }
        }
        for consumer in 0..3 {
            let of = |all: &[usize]| all.iter().copied().filter(|n| n % 3 == consumer).collect();
            let (sent, taken): (Vec<usize>, Vec<usize>) = (of(&sent), of(&taken));
            assert_eq!(sent, taken);
        }
    }
    // Where other programs take the last of it, nothing is lost: it is written once there is room.
    let scene = scene.anew();
    let soon = [
        ("connector.pause.ms", "50"),
        ("connector.pause.max.ms", "50"),
        ("retry.max.attempts", "1"),
    ];
    let options = [&[("connector.store", &*store), HERE], &soon[..]].concat();
    let connector = Connector::new(&scene.config(&options)).unwrap();
    let put_off = |times| until(|| (connector.stats().unwrap().put_off >= times).then_some(()));
    connector.submit_text("d", "first", Some("first")).unwrap();
    until(|| (connector.stats().unwrap().sent == 1).then_some(()));
    for _ in 0..20 {
        scene.answer_with(Route::Consumer, 503, "");
    }
    connector.submit_text("e", "waits", Some("waits")).unwrap();
    put_off(1);
    let opened = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
    let talk = opened.conversation_id();
    fill(&disk.join("filler"));
    // It is written down before a conversation is opened, and that is tried again, too.
    put_off(25);
    let full = connector.submit_text("d", &text(0), None).unwrap_err();
    assert_eq!(full.status(), Status::Io);
    // Whoever submits it meanwhile with the same key, is told the same.
    for n in 0..50 {
        let submit = || connector.submit_text("d", &text(0), Some(&format!("refused {n}")));
        let outcomes = std::thread::scope(|scope| {
            [scope.spawn(submit), scope.spawn(submit)].map(|it| it.join().unwrap())
        });
        assert!(outcomes.iter().all(Result::is_err), "{n}");
    }
    // So is the service, of which one request may come while another one is under way.
    for n in 0..50 {
        let body = format!(
            r#"{{"body":{{"changes":[{{"conversationId":"{talk}","sequence":{n},"dialogId":"{talk}",
                "event":{{"type":"ContentEvent","message":"{}"}}}}]}}}}"#,
            text(0)
        );
        let signature =
            scene.sandbox.sign(&scene.account.id, body.as_bytes(), Signature::Sha1Base64);
        let receive = || connector.receive(body.as_bytes(), &signature);
        let outcomes = std::thread::scope(|scope| {
            [scope.spawn(receive), scope.spawn(receive)].map(|it| it.join().unwrap())
        });
        assert!(outcomes.iter().all(Result::is_err), "{n}");
    }
    let grown = Command::new("mount").args(["-o", "remount,size=4m"]).arg(disk).status();
    assert!(grown.unwrap().success());
    until(|| connector.submit_text("d", "second", Some("second")).ok());
    let mut keys = Vec::new();
    while !["waits", "second"].iter().all(|key| keys.iter().any(|it| it == key)) {
        let update = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
        until(|| connector.ack(&update).ok());
        assert_ne!(update.kind(), UpdateKind::Failed, "{:?}", update.error());
        keys.extend(update.key().map(str::to_owned));
    }
    assert_eq!(scene.texts().len(), 3);
}
