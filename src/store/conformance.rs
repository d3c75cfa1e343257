//! What every store promises, tried on each: in memory, in a file, and in a file on a machine that fails.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::json;

use crate::base::error::{Error, Status};
use crate::protocol::notification::Notification;
use crate::store::change::{Change, KeptFile, Safety, Step};
use crate::store::journal::{Journal, Ordered, Told};
use crate::store::left::Left;
use crate::store::memory::Memory;
use crate::store::schema::Owner;
use crate::store::sqlite::{Keeps, Sqlite};
use crate::store::writer::Writer;

#[cfg(target_os = "linux")]
#[path = "../../tests/store/faults.rs"]
mod faults;
#[path = "../../tests/core/small_disk.rs"]
mod small_disk;

const KEEPS: Keeps = Keeps { duplicates: 100, dialogs: Some(100) };

fn open(path: &Path) -> Result<(Writer, Left), Error> {
    let owner = Owner { option: "connector.store", account: Some("le1") };
    let file = Sqlite::open(path, owner, KEEPS)?;
    let left = file.left()?;
    Ok((Writer::start(file)?, left))
}

/// Each store, and where it lies.
fn each(try_it: impl Fn(&dyn Journal)) {
    let directory = tempfile::tempdir().unwrap();
    try_it(&Memory::default());
    try_it(&open(&directory.path().join("queue.db")).unwrap().0);
    #[cfg(all(feature = "nats", target_os = "linux"))]
    crate::store::fleet::store_tests::alone(try_it);
}

/// Writes a change and waits for what becomes of it.
fn write(store: &dyn Journal, change: Change) -> Result<(), Error> {
    let (tells, told) = mpsc::channel();
    hand_in(store, change, Box::new(move |outcome| drop(tells.send(outcome))));
    told.recv().unwrap()
}

fn hand_in(store: &dyn Journal, change: Change, told: Told) {
    match store.keep_at_once(change) {
        Ok(outcome) => told(outcome),
        Err(change) => store.write(Ordered { change, is_owed: false, told }),
    }
}

fn action(id: u64, file: Option<KeptFile>) -> Change {
    let mut steps = vec![Step::Action {
        id,
        consumer: "a".into(),
        key: Some(format!("k{id}").into()),
        body: json!({ "text": "x".repeat(50), "id": id }).to_string().into(),
        submitted_ms: id as i64,
        begun: false,
    }];
    steps.extend(file.map(|file| Step::File { id, file }));
    Change::new(steps)
}

fn file(id: u64) -> KeptFile {
    KeptFile { bytes: vec![id as u8; 5000].into(), preview: Some(vec![1; 10].into()) }
}

fn done(id: u64) -> Change {
    Change::done(vec![Step::ActionDone { id }])
}

#[test]
fn each_is_told_in_order_and_once() {
    each(|store| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let place = Mutex::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut place = place.lock().unwrap();
                        *place += 1;
                        let (id, told) = (*place, told.clone());
                        let change = action(id, None);
                        let told_it = Box::new(move |outcome: Result<(), Error>| {
                            told.lock().unwrap().push((id, outcome.is_ok()));
                        });
                        hand_in(store, change, told_it);
                        drop(place);
                    }
                });
            }
        });
        store.end();
        let expected: Vec<_> = (1..=200).map(|id| (id, true)).collect();
        assert_eq!(*told.lock().unwrap(), expected);
    });
}

#[test]
fn a_file_is_there_until_its_action_is_done() {
    each(|store| {
        write(store, action(1, Some(file(1)))).unwrap();
        // A shared store has it here once the action is.
        let mut kept = store.file(1).unwrap();
        while kept.is_none() && store.shared().is_some() {
            kept = store.file(1).unwrap();
        }
        let kept = kept.unwrap();
        assert_eq!((&kept.bytes[..], kept.len()), (&[1; 5000][..], 5010));
        assert!(store.file(2).unwrap().is_none());
        write(store, done(1)).unwrap();
        assert!(store.file(1).unwrap().is_none());
    });
}

#[test]
fn after_the_end_nobody_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = open(&directory.path().join("queue.db")).unwrap();
    write(&store, action(1, None)).unwrap();
    store.end();
    let (tells, told) = mpsc::channel::<()>();
    hand_in(&store, action(2, None), Box::new(move |_| tells.send(()).unwrap()));
    told.recv().unwrap_err();
}

#[test]
fn files_in_memory_have_their_limit() {
    let store = Memory::default();
    let long = |bytes: usize| KeptFile { bytes: vec![0; bytes].into(), preview: None };
    write(&store, action(1, Some(long(60 << 20)))).unwrap();
    let full = write(&store, action(2, Some(long(5 << 20)))).unwrap_err();
    assert_eq!(full.status(), Status::Full);
    assert!(store.file(2).unwrap().is_none());
    write(&store, action(3, None)).unwrap();
    write(&store, done(1)).unwrap();
    write(&store, action(4, Some(long(5 << 20)))).unwrap();
}

/// How many changes the program below writes.
const CHANGES: u64 = 20;

/// One of every kind, again and again.
fn change(n: u64) -> Change {
    // In each round an action with a file goes its way, and what it leaves.
    let (round, id) = (n / 10 * 10, n);
    match n % 10 {
        0 => action(id, Some(file(id))),
        1 => {
            let event = json!({ "type": "ContentEvent", "message": id.to_string() });
            let changes = [json!({ "sequence": id, "dialogId": "d", "event": event })];
            let body = json!({ "type": "ms.MessagingEventNotification",
                "body": { "changes": changes } });
            let notification = Notification::parse(body.to_string().as_bytes()).unwrap();
            let fingerprint = Some([id as u8; 32]);
            Change::new(vec![Step::Notification {
                id,
                notification: notification.into(),
                fingerprint,
            }])
        }
        2 => Change::mark(Step::ActionBegun { id: round, begun: true }),
        3 => Change::new(vec![Step::Consumer {
            consumer: "a".into(),
            body: Some(round.to_string()),
        }]),
        4 => Change::done(vec![
            Step::ActionDone { id: round },
            Step::Key { id: round, fingerprint: [round as u8; 32], at_ms: 1 },
            Step::Update { id, consumer: "a".into(), body: "sent".into(), of: None },
        ]),
        5 => {
            let dialogs = vec![((String::new(), "d".to_owned()), round as i64 + 2)];
            Change::done(vec![Step::NotificationDone { id: round + 1, dialogs }])
        }
        6 => action(id, None),
        7 => Change::done(vec![Step::UpdateDone { id: round + 4 }]),
        8 => Change::done(vec![
            Step::Consumer { consumer: "a".into(), body: None },
            Step::KeysDone { before: round },
        ]),
        _ => Change::new(vec![Step::Update {
            id,
            consumer: "b".into(),
            body: "closed".into(),
            of: None,
        }]),
    }
}

/// What is to be found once these were written.
fn found_after(written: impl Iterator<Item = Change>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for step in written.flat_map(|change| change.steps) {
        match step {
            Step::Action { id, body, begun, .. } => {
                found.insert(format!("action {id}"), format!("{body} {begun}"));
            }
            Step::File { id, file } => {
                found.insert(format!("file {id}"), format!("{} {:?}", file.len(), file.bytes[0]));
            }
            Step::ActionBegun { id, .. } => {
                if let Some(action) = found.get_mut(&format!("action {id}")) {
                    *action = action.replace("false", "true");
                }
            }
            Step::ActionDone { id } => {
                found.remove(&format!("action {id}"));
                found.remove(&format!("file {id}"));
            }
            Step::Notification { id, notification, .. } => {
                let text = notification.events()[0].text().to_owned();
                found.insert(format!("notification {id}"), text);
            }
            Step::NotificationDone { id, dialogs } => {
                if found.remove(&format!("notification {id}")).is_some() {
                    found.insert(format!("fingerprint {id}"), String::new());
                }
                found.insert("dialog".to_owned(), dialogs[0].1.to_string());
            }
            Step::Key { id, at_ms, .. } => {
                drop(found.insert(format!("key {id}"), at_ms.to_string()))
            }
            Step::KeysDone { before } => {
                found.retain(|name, _| {
                    let key = name.strip_prefix("key ");
                    key.is_none_or(|id| id.parse::<u64>().unwrap() >= before)
                });
            }
            Step::Update { id, body, .. } => {
                found.insert(format!("update {id}"), body.to_string());
            }
            Step::UpdateDone { id } => drop(found.remove(&format!("update {id}"))),
            Step::Consumer { body: Some(body), .. } => {
                drop(found.insert("consumer".to_owned(), body));
            }
            Step::Consumer { body: None, .. } => drop(found.remove("consumer")),
            Step::Nothing | Step::Learn { .. } | Step::Place { .. } | Step::Said { .. } => {}
        }
    }
    found
}

/// What is found there, and in order.
fn found(path: &Path) -> BTreeMap<String, String> {
    let (store, left) = open(path).unwrap();
    assert!(left.unreadable.is_empty(), "{:?}", left.unreadable);
    let mut found = BTreeMap::new();
    let mut put = |name: String, value: String| assert_eq!(found.insert(name, value), None);
    for action in &left.actions {
        put(format!("action {}", action.id), format!("{} {}", action.body, action.begun));
        if let Some(file) = store.file(action.id).unwrap() {
            put(format!("file {}", action.id), format!("{} {:?}", file.len(), file.bytes[0]));
        }
    }
    assert!(left.actions.is_sorted_by_key(|action| action.id));
    for (id, notification) in &left.notifications {
        put(format!("notification {id}"), notification.events()[0].text().to_owned());
    }
    left.fingerprints.iter().for_each(|it| put(format!("fingerprint {}", it[0]), String::new()));
    left.dialogs.iter().for_each(|it| put("dialog".to_owned(), it.next.to_string()));
    left.keys.iter().for_each(|(id, _, at)| put(format!("key {id}"), at.to_string()));
    left.updates.iter().for_each(|(id, _, body)| put(format!("update {id}"), body.clone()));
    left.consumers.iter().for_each(|(_, body)| put("consumer".to_owned(), body.clone()));
    found
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_refuses_what_is_new_and_has_room_for_what_is_done() {
    small_disk::run_on_a_small_disk("store::conformance::on_a_small_disk");
}

#[test]
#[ignore = "a part of another test"]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(small_disk::SMALL_DISK) else { return };
    let (path, filler) = (Path::new(&disk).join("queue.db"), Path::new(&disk).join("filler"));
    let mut ids = 1..;
    let mut whole = |id| action(id, Some(file(id)));
    for _ in 0..3 {
        let store = open(&path).unwrap().0;
        let mut taken = Vec::new();
        let full = loop {
            let id = ids.next().unwrap();
            match write(&store, whole(id)) {
                Ok(()) => taken.push(id),
                Err(why) => break why,
            }
        };
        assert_eq!(full.status(), Status::Io, "{full}");
        assert!(taken.len() > 5, "{taken:?}");
        // Others take the last of it, and give it back.
        small_disk::fill(&filler);
        write(&store, action(0, None)).unwrap_err();
        std::fs::remove_file(&filler).unwrap();
        store.end();
        assert_eq!(found(&path), found_after(taken.iter().copied().map(&mut whole)));
        let store = open(&path).unwrap().0;
        for id in &taken {
            write(&store, done(*id)).unwrap();
        }
    }
}

/// Where the program below has its file, and beside it notes what it is told.
const IN: &str = "FAULTS_IN";

#[test]
#[ignore = "a part of other tests"]
fn program() {
    let Some(directory) = std::env::var_os(IN).map(PathBuf::from) else { return };
    let told = std::fs::File::create(directory.join("told")).unwrap();
    let store = open(&directory.join("queue.db")).unwrap().0;
    for n in 0..CHANGES {
        let mut told = told.try_clone().unwrap();
        let (tells, is_told) = mpsc::channel();
        let told_it = Box::new(move |outcome: Result<(), Error>| {
            let line = format!("{n} {}\n", if outcome.is_ok() { "ok" } else { "refused" });
            told.write_all(line.as_bytes()).unwrap();
            let _ = tells.send(());
        });
        store.write(Ordered { change: change(n), is_owed: false, told: told_it });
        // Three or so share a commit.
        if n % 3 == 2 {
            is_told.recv().unwrap();
        }
    }
    store.end();
}

/// Runs the program on a machine with such faults; whether it came to its end.
fn run(directory: &Path, faults: &[(&str, String)]) -> bool {
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "store::conformance::program"])
        .env("LD_PRELOAD", faults::library())
        .env(IN, directory)
        .envs(faults.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ran.unwrap().success()
}

/// What the program was told: which changes were written, and which were refused.
fn told(directory: &Path) -> Vec<(u64, bool)> {
    let told = std::fs::read_to_string(directory.join("told")).unwrap_or_default();
    read_told(&told)
}

/// The last line may have been cut.
fn read_told(told: &str) -> Vec<(u64, bool)> {
    let whole = &told[..told.rfind('\n').map_or(0, |end| end + 1)];
    let line =
        |line: &str| line.split_once(' ').map(|(n, said)| (n.parse().unwrap(), said == "ok"));
    whole.lines().map(|it| line(it).unwrap()).collect()
}

/// That what is found is all of the first changes, at least so many, and nothing of those that follow.
fn is_of_the_first(found: &BTreeMap<String, String>, at_least: u64, what: &str) {
    let matches = (at_least..=CHANGES).any(|end| found_after((0..end).map(change)) == *found);
    assert!(matches, "{what}: {at_least} were told, and found is {found:#?}");
}

#[test]
#[cfg(target_os = "linux")]
fn whatever_was_told_survives_a_kill_at_every_step() {
    let mut kills = 0;
    for at in 1.. {
        let directory = tempfile::tempdir().unwrap();
        let came_to_its_end = run(directory.path(), &[("FAULTS_KILL_AT", at.to_string())]);
        let told = told(directory.path());
        assert!(told.iter().all(|(_, written)| *written));
        let found = found(&directory.path().join("queue.db"));
        is_of_the_first(&found, told.len() as u64, &format!("killed at {at}"));
        if came_to_its_end {
            assert_eq!(told.len() as u64, CHANGES);
            break;
        }
        kills = at;
    }
    assert!(kills > 100, "{kills}");
}

#[test]
#[cfg(target_os = "linux")]
fn whatever_was_told_survives_the_loss_of_power() {
    let (directory, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let noted = notes.path().join("noted");
    assert!(run(directory.path(), &[("FAULTS_NOTED", noted.display().to_string())]));
    let noted = std::fs::read(noted).unwrap();
    // All that was on the disk for certain, and what was not, by file.
    let mut disk: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut cached: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut rest = &noted[..];
    let mut cuts = 0;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let [what, name, at, len] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let (at, len) = (at.parse::<usize>().unwrap(), len.parse::<usize>().unwrap());
        rest = &rest[end + 1..];
        match what {
            "write" => {
                let file = cached.entry(name.to_owned()).or_default();
                file.resize(file.len().max(at + len), 0);
                file[at..at + len].copy_from_slice(&rest[..len]);
                rest = &rest[len..];
            }
            "truncate" => cached.entry(name.to_owned()).or_default().resize(at, 0),
            "unlink" => {
                cached.remove(name);
                disk.remove(name);
            }
            "sync" => {
                disk.insert(name.to_owned(), cached.get(name).cloned().unwrap_or_default());
            }
            _ => panic!("{line}"),
        }
        if name != "told" {
            continue;
        }
        // The power goes once somebody was told.
        let told = read_told(std::str::from_utf8(&cached["told"]).unwrap());
        let lasts = |n: &u64| change(*n).safety != Safety::Done;
        let last = told.iter().map(|(n, _)| *n).rfind(lasts);
        let after = tempfile::tempdir().unwrap();
        for (name, bytes) in &disk {
            std::fs::write(after.path().join(name), bytes).unwrap();
        }
        let found = found(&after.path().join("queue.db"));
        is_of_the_first(&found, last.map_or(0, |last| last + 1), &format!("after {told:?}"));
        cuts += 1;
    }
    assert!(cuts >= CHANGES, "{cuts}");
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_failing_disk_refused_is_not_there_and_all_else_is() {
    let mut refusals = 0;
    for from in 1.. {
        let directory = tempfile::tempdir().unwrap();
        let until = from + 3;
        let faults =
            [("FAULTS_SYNC_FROM", from.to_string()), ("FAULTS_SYNC_UNTIL", until.to_string())];
        run(directory.path(), &faults);
        let told = told(directory.path());
        let refused = told.iter().filter(|(_, written)| !written).count();
        if !told.is_empty() {
            assert_eq!(told.len() as u64, CHANGES, "all were told");
            let written = told.iter().filter(|(_, written)| *written).map(|(n, _)| *n);
            let found = found(&directory.path().join("queue.db"));
            assert_eq!(found, found_after(written.map(change)), "failing from {from}: {told:?}");
        }
        refusals += refused;
        if refused == 0 && !told.is_empty() {
            break;
        }
    }
    assert!(refusals > 5, "{refusals}");
}
