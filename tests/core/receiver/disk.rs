//! `receiver.store=sqlite:…` on disks that are full, fail, or take long: what was answered with 200 is
//! there after a kill, and what was not is not.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::child::Served;
use super::*;
use crate::scene::until;
#[cfg(target_os = "linux")]
use crate::small_disk::run_on_a_small_disk;
use crate::small_disk::{SMALL_DISK, fill};

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    run_on_a_small_disk("receiver::disk::on_a_small_disk");
}

#[test]
#[cfg(target_os = "linux")]
fn what_filled_the_disk_can_be_acknowledged() {
    run_on_a_small_disk("receiver::disk::on_a_disk_that_it_fills");
}

#[test]
#[ignore = "a part of another test"]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(SMALL_DISK) else { return };
    let (store, filler) = (Path::new(&disk).join("inbox.db"), Path::new(&disk).join("filler"));
    let scene = Scene::new();
    let long = |name: &str| text("c", 0, &format!("{name} {}", "x".repeat(12_000)));
    let post = |to: &Served, name: &str| exchange(to.address(), &request(&scene, &long(name)));

    let mut served = Served::start(&scene, &store, &[], &[]);
    let names: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let (taken, refused): (Vec<_>, Vec<_>) =
        names.iter().map(|name| (name.clone(), post(&served, name))).partition(|it| it.1 == 200);
    assert!(taken.len() > 3 && refused.len() > 3, "{} were taken", taken.len());
    assert!(refused.iter().all(|(_, status)| *status == 503), "{refused:?}");

    // An acknowledgement needs room, too; other programs take the last of it.
    let first = served.tell("poll");
    fill(&filler);
    assert_eq!(served.tell("ack"), "Io");
    drop(served);

    let mut taken: Vec<String> = taken.into_iter().map(|(name, _)| name).collect();
    assert_eq!(first, taken[0]);
    let mut served = Served::start(&scene, &store, &[], &[]);
    assert_eq!(served.names(), taken, "one was not acknowledged");
    let (again, _) = &refused[0];
    assert_eq!(post(&served, again), 503);

    // There is room again.
    let grown = Command::new("mount").args(["-o", "remount,size=4m"]).arg(&disk).status();
    assert!(grown.unwrap().success());
    assert_eq!(served.tell("ack"), "done");
    taken.pop();
    assert_eq!(post(&served, again), 200);
    assert_eq!(served.names(), [&again[..]]);
    drop(served);
    taken.push(again.clone());
    assert_eq!(Served::start(&scene, &store, &[], &[]).names(), taken);
}

#[test]
#[ignore = "a part of another test"]
fn on_a_disk_that_it_fills() {
    let Some(disk) = std::env::var_os(SMALL_DISK) else { return };
    // Many short ones, and few long ones.
    for (round, length) in [600, 12_000, 40_000].into_iter().enumerate() {
        let store = Path::new(&disk).join("inbox.db");
        let scene = Scene::new();
        let mut sent = 0..;
        let mut post = |to: &Served| {
            let sequence = sent.next().unwrap();
            let message = format!("{sequence} {}", "x".repeat(length));
            let request = request(&scene, &text(&format!("c{round}"), sequence, &message));
            (sequence.to_string(), exchange(to.address(), &request))
        };
        let mut served = Served::start(&scene, &store, &[], &[]);
        let mut fill = |served: &Served| {
            let (mut taken, mut refused) = (Vec::new(), 0);
            while refused < 10 {
                match post(served) {
                    (name, 200) => taken.push(name),
                    (_, status) => {
                        assert_eq!(status, 503);
                        refused += 1;
                    }
                }
            }
            taken
        };
        let mut taken = fill(&served);
        assert!(!taken.is_empty());
        // Also by a process that finds the disk full.
        drop(served);
        served = Served::start(&scene, &store, &[], &[]);
        let middle = taken.len() / 2;
        for (at, name) in taken.iter().enumerate() {
            assert_eq!(served.tell("poll"), *name);
            assert_eq!(served.tell("ack"), "done", "{at} of {length}");
            if at == middle {
                break;
            }
        }
        taken.drain(..=middle);
        // Its space is given back, or used again.
        taken.extend(until(|| Some(fill(&served)).filter(|more| !more.is_empty())));
        for name in &taken {
            assert_eq!(served.tell("poll"), *name);
            assert_eq!(served.tell("ack"), "done", "{length}");
        }
        drop(served);
        std::fs::remove_file(&store).unwrap();
        let _ = std::fs::remove_file(store.with_extension("db-wal"));
    }
}

/// A directory whose files say what the disk does: `fail`, `hold`; `count` has a byte for each time
/// that a file was to go to the disk.
struct Disk {
    directory: TempDir,
    shim: PathBuf,
}

impl Disk {
    fn new() -> Disk {
        let directory = tempfile::tempdir().unwrap();
        let (source, shim) = (directory.path().join("disk.c"), directory.path().join("disk.so"));
        std::fs::write(&source, SHIM).unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&shim, &source])
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Disk { directory, shim }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn begin_to(&self, what: &str) {
        std::fs::write(self.path(what), "").unwrap();
    }

    fn stop_to(&self, what: &str) {
        std::fs::remove_file(self.path(what)).unwrap();
    }

    fn count(&self) -> u64 {
        std::fs::metadata(self.path("count")).map_or(0, |file| file.len())
    }

    fn serve(&self, scene: &Scene, more: &[(&str, &str)]) -> Served {
        let environment = [("LD_PRELOAD", &*self.shim), ("TEST_DISK", self.directory.path())];
        Served::start(scene, &self.path("inbox.db"), more, &environment)
    }

    /// Without what it does.
    fn serve_well(&self, scene: &Scene) -> Served {
        Served::start(scene, &self.path("inbox.db"), &[], &[])
    }
}

const SHIM: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int named(const char *what, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("TEST_DISK"), what);
    return open(path, flags | O_CLOEXEC, 0600);
}

static int there(const char *what)
{
    int fd = named(what, O_RDONLY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int fsync(int fd)
{
    int count = named("count", O_WRONLY | O_APPEND | O_CREAT);
    if (write(count, "x", 1) != 1)
        abort();
    close(count);
    while (there("hold"))
        usleep(1000);
    if (there("fail")) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fsync(fd);
}
"#;

#[test]
#[cfg(target_os = "linux")]
fn what_did_not_reach_the_disk_is_refused() {
    let (scene, disk) = (Scene::new(), Disk::new());
    let post = |to: &Served, sequence: i64| {
        let body = text("c", sequence, &sequence.to_string());
        exchange(to.address(), &request(&scene, &body))
    };
    let mut served = disk.serve(&scene, &[]);
    assert_eq!(post(&served, 0), 200);
    disk.begin_to("fail");
    for sequence in 1..4 {
        assert_eq!(post(&served, sequence), 503);
    }
    assert_eq!(served.names(), ["0"], "what was refused comes again");
    disk.stop_to("fail");
    for sequence in [4, 2] {
        assert_eq!(post(&served, sequence), 200);
    }
    assert_eq!(served.names(), ["4", "2"]);
    drop(served);
    assert_eq!(disk.serve_well(&scene).names(), ["0", "4", "2"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_slow_disk_holds_up_nothing_else_and_takes_what_came_meanwhile_at_once() {
    const MANY: usize = 32;

    let (scene, disk) = (Scene::new(), Disk::new());
    let mut served = disk.serve(&scene, &[]);
    let body = |sequence: usize| text("c", sequence as i64, &sequence.to_string());
    assert_eq!(exchange(served.address(), &request(&scene, &body(0))), 200);
    disk.begin_to("hold");
    let before = disk.count();
    let mut waiting: Vec<TcpStream> = Vec::new();
    for sequence in 1..=MANY {
        let mut stream = connect(served.address());
        stream.write_all(request(&scene, &body(sequence)).as_bytes()).unwrap();
        waiting.push(stream);
    }
    until(|| (disk.count() > before).then_some(()));
    // Others are answered, and polls are.
    let get = "GET / HTTP/1.1\r\nHost: receiver\r\n\r\n";
    for _ in 0..10 {
        assert_eq!(exchange(served.address(), get), 405);
    }
    assert_eq!(served.names(), ["0"]);
    for stream in &waiting {
        stream.set_nonblocking(true).unwrap();
        assert_eq!(stream.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
    }
    disk.stop_to("hold");
    for stream in &mut waiting {
        assert_eq!(status(stream), 200);
    }
    let commits = disk.count() - before;
    assert!(commits <= MANY as u64 / 4, "{commits} times for {MANY}");
    assert_eq!(served.names().len(), MANY);
}
