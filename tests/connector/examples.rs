//! What examples/ shows keeps what the connector promises: its programs, killed again and again while all
//! goes wrong that can. `make test-kills` and `make harden-kills` build them, name them, and run this.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};

use lpc_sandbox::serde_json::json;

use crate::example::{Example, Running};
use crate::random::Random;
use crate::service::{Said, Service};
#[cfg(target_os = "linux")]
use crate::small_disk::run_on_a_small_disk;
use crate::small_disk::{SMALL_DISK, fill};

/// How often each is killed.
const KILLS: &str = "LPC_KILLS";

const SIGKILL: i32 = 9;

/// So many lines at most are fed that are not answered: a pipe holds more, so that feeding waits for nobody.
const UNANSWERED: usize = 64;

/// So many people write to a gateway.
const NUMBERS: usize = 8;

/// After so long without a line, notifications come that were kept away.
const QUIET: Duration = Duration::from_millis(300);

/// So long without a line means that it hangs: all pauses are shorter.
const PATIENCE: Duration = Duration::from_secs(120);

const GATEWAY: Lines = Lines {
    fed: |n| format!("{n}\t+49{}\t{n}", n % NUMBERS),
    taken: |n| format!("took {n}"),
    says: |said| format!("say {}/{}\t{}\t{}", said.dialog, said.sequence, said.consumer, said.text),
    fails: "failed ",
    is_fed_again: true,
};

const KIOSK: Lines = Lines {
    fed: |n| n.to_string(),
    taken: |n| format!("you: {n}"),
    says: |said| format!("{}: {}", if said.is_in_survey { "survey" } else { "agent" }, said.text),
    fails: "(not sent",
    is_fed_again: false,
};

#[test]
#[ignore = "needs the program, which LPC_SMS_GATEWAY_C names"]
fn the_gateway_in_c() {
    try_out("LPC_SMS_GATEWAY_C", &GATEWAY);
}

#[test]
#[ignore = "needs the program, which LPC_SMS_GATEWAY_PYTHON names"]
fn the_gateway_in_python() {
    try_out("LPC_SMS_GATEWAY_PYTHON", &GATEWAY);
}

#[test]
#[ignore = "needs the program, which LPC_KIOSK names"]
fn the_kiosk() {
    try_out("LPC_KIOSK", &KIOSK);
}

#[test]
#[ignore = "needs the programs, which LPC_SMS_GATEWAY_C and LPC_SMS_GATEWAY_PYTHON name"]
fn what_gateways_read_and_print() {
    for command in gateways() {
        let service = Service::start();
        let directory = tempfile::tempdir().unwrap();
        let example = Example::new(&command, &service, directory.path());
        let mut running = example.start();
        running.feed("no line");
        running.feed("");
        running.feed("1\t+491\tHi");
        let account = &service.account.id;
        wait_for(&example, |line| line.ends_with("\t+491\tYou said: Hi"));
        let conversation = service.sandbox.conversations(account)[0].clone();
        let id = conversation["id"].as_str().unwrap();
        let said = "a\nb\r\\c\t\u{1F600}";
        service.sandbox.act_as_agent(account, id, &json!({ "say": said }));
        wait_for(&example, |line| line.ends_with("\t+491\ta\\nb\\r\\\\c\t\u{1F600}"));
        assert!(running.hang_up().success());
        let told = example.told();
        assert!(told[0].starts_with("failed no line\t\t"), "{told:?}");
        assert!(told[1].starts_with("failed \t\t") && told[2] == "took 1", "{told:?}");
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!(service.said().len(), 3);
    }
}

#[test]
#[ignore = "needs the programs, which LPC_SMS_GATEWAY_C and LPC_SMS_GATEWAY_PYTHON name"]
#[cfg(target_os = "linux")]
fn a_full_disk_passes() {
    if gateways().count() > 0 {
        run_on_a_small_disk("examples::on_a_small_disk");
    }
}

#[test]
#[ignore = "a part of another test"]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(SMALL_DISK) else { return };
    for command in gateways() {
        let service = Service::start();
        let directory = tempfile::tempdir_in(&disk).unwrap();
        let example = Example::new(&command, &service, directory.path());
        let mut running = example.start();
        running.feed("0\t+491\t0");
        wait_for(&example, |line| line == "took 0");
        let filler = Path::new(&disk).join("filler");
        fill(&filler);
        // More than there can be any room for, and less than a pipe holds.
        let much = " ".repeat(6_000);
        for n in 1..10 {
            running.feed(&format!("{n}\t+49{n}\t{n}{much}"));
        }
        // Now it is refused, or will be.
        let mut seen = 0;
        while example.wait(seen, QUIET) > seen {
            seen = example.told().len();
        }
        let took = |line: &String| line.starts_with("took");
        assert!(example.told().iter().filter(|line| took(line)).count() < 10);
        std::fs::remove_file(filler).unwrap();
        wait_for(&example, |line| line == "took 9");
        until(|| service.said().iter().any(|said| said.text.starts_with('9')));
        assert_eq!(example.told().iter().filter(|line| took(line)).count(), 10);
        assert!(running.terminate().success());
    }
}

/// Those that are named.
fn gateways() -> impl Iterator<Item = String> {
    ["LPC_SMS_GATEWAY_C", "LPC_SMS_GATEWAY_PYTHON"]
        .into_iter()
        .filter_map(|it| std::env::var(it).ok())
}

fn wait_for(example: &Example, is_it: impl Fn(&str) -> bool) {
    until(|| example.told().iter().any(|line| is_it(line)));
}

fn until(is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How a program is spoken to.
struct Lines {
    /// Line `n` of what people write, whose text is `n`.
    fed: fn(usize) -> String,
    /// What it answers once that is safe.
    taken: fn(usize) -> String,
    /// What it prints of what an agent says.
    says: fn(&Said) -> String,
    /// How a line begins that tells of a failure.
    fails: &'static str,
    /// Whether a line that is not answered may be fed again: it has an id.
    is_fed_again: bool,
}

fn try_out(variable: &str, lines: &'static Lines) {
    // Without it, somebody ran all that is ignored.
    let Ok(command) = std::env::var(variable) else { return };
    let kills = std::env::var(KILLS).map_or(5, |kills| kills.parse().unwrap());
    let service = Service::start();
    let directory = tempfile::tempdir().unwrap();
    let example = Example::new(&command, &service, directory.path());
    let random = Random::new("LPC_KILLS_SEED");
    let (fed, unanswered, seen) = (0, BTreeSet::new(), 0);
    let mut trial = Trial { lines, service, example, random, fed, unanswered, seen };
    for _ in 0..kills {
        trial.live_for_a_while();
    }
    trial.live_to_the_end();
    trial.check();
    let Trial { service, fed, seen, .. } = trial;
    let happened = service.happened;
    let total: usize = happened.values().sum();
    let out = format!(
        "{variable}: {kills} kills, {fed} lines fed, {seen} printed, {total} faults: {happened:?}\n"
    );
    let _ = std::io::stderr().write_all(out.as_bytes());
}

struct Trial {
    lines: &'static Lines,
    service: Service,
    example: Example,
    random: Random,
    /// How many lines of people there were, fed again or not.
    fed: usize,
    unanswered: BTreeSet<usize>,
    /// How many lines of the program were looked at.
    seen: usize,
}

impl Trial {
    fn start(&mut self) -> Running {
        let mut running = self.example.start();
        if !self.lines.is_fed_again {
            self.unanswered.clear();
        }
        self.unanswered.iter().for_each(|n| running.feed(&(self.lines.fed)(*n)));
        running
    }

    /// Until it is killed, at any moment.
    fn live_for_a_while(&mut self) {
        let mut running = self.start();
        let enough = self.seen + self.random.below(150) as usize;
        while self.seen < enough {
            while self.unanswered.len() < UNANSWERED {
                running.feed(&(self.lines.fed)(self.fed));
                self.unanswered.insert(self.fed);
                self.fed += 1;
            }
            for _ in 0..self.look(&mut running) {
                if self.random.below(10) == 0 {
                    self.service.fail(&mut self.random);
                }
            }
        }
        assert_eq!(running.kill().signal(), Some(SIGKILL));
        self.note();
    }

    /// Until all is sent and told; then it is asked to end.
    fn live_to_the_end(&mut self) {
        let mut running = self.start();
        let (mut since, mut before) = (Instant::now(), String::new());
        while !(self.service.is_quiet() && self.missing().is_empty()) {
            let now = format!("{} to tell, {}", self.service.pending(), self.missing());
            if now != before {
                (since, before) = (Instant::now(), now);
            }
            assert!(since.elapsed() < PATIENCE, "it hangs: {before}");
            self.service.recover();
            self.example.wait(self.seen, QUIET);
            running.check();
            self.note();
        }
        assert!(running.terminate().success());
        self.note();
    }

    /// What is still to come; empty where nothing is.
    fn missing(&self) -> String {
        let said = self.service.said();
        let told = self.told();
        let arrived: BTreeSet<&str> =
            said.iter().filter(|said| !said.is_agents).map(|said| &*said.text).collect();
        let is_lost = |n: &usize| !arrived.contains(&*n.to_string());
        let lost: Vec<usize> = self.taken(&told).filter(is_lost).collect();
        let agents = said.iter().filter(|said| said.is_agents).map(self.lines.says);
        let unprinted: Vec<String> = agents.filter(|line| !told.contains_key(line)).collect();
        let untaken = if self.lines.is_fed_again { &self.unanswered } else { &BTreeSet::new() };
        if (lost.len(), unprinted.len(), untaken.len()) == (0, 0, 0) {
            return String::new();
        }
        format!("not taken: {untaken:?}, not arrived: {lost:?}, not printed: {unprinted:#?}")
    }

    /// Every line that was taken arrived, in order and once; and all that agents said was printed, in the
    /// order of their dialogs.
    fn check(&self) {
        let told = self.told();
        let said = self.service.said();
        let mut arrived: HashMap<&str, Vec<usize>> = HashMap::new();
        for said in said.iter().filter(|said| !said.is_agents) {
            arrived.entry(&said.consumer).or_default().push(said.text.parse().unwrap());
        }
        for (consumer, arrived) in &arrived {
            let wrong = arrived.windows(2).find(|pair| pair[0] >= pair[1]);
            assert!(wrong.is_none(), "of {consumer}: twice or out of order: {wrong:?}");
        }
        let arrived: BTreeSet<usize> = arrived.into_values().flatten().collect();
        let lost: Vec<usize> = self.taken(&told).filter(|n| !arrived.contains(n)).collect();
        assert!(lost.is_empty(), "{lost:?}");

        let mut printed: HashMap<&str, Vec<usize>> = HashMap::new();
        for said in said.iter().filter(|said| said.is_agents) {
            let line = (self.lines.says)(said);
            printed.entry(&said.dialog).or_default().push(told[&line]);
        }
        for (dialog, printed) in printed {
            assert!(printed.is_sorted(), "out of order in {dialog}: {printed:?}");
        }
    }

    /// What it printed, and where first.
    fn told(&self) -> HashMap<String, usize> {
        let mut told = HashMap::new();
        for (at, line) in self.example.told().into_iter().enumerate() {
            told.entry(line).or_insert(at);
        }
        told
    }

    fn taken(&self, told: &HashMap<String, usize>) -> impl Iterator<Item = usize> {
        (0..self.fed).filter(|n| told.contains_key(&(self.lines.taken)(*n)))
    }

    /// Waits for what it prints; how many lines that were. Where none come, it is to have no reason.
    fn look(&mut self, running: &mut Running) -> usize {
        let (since, seen) = (Instant::now(), self.seen);
        self.service.go_on();
        while self.example.wait(seen, QUIET) == seen {
            running.check();
            assert!(since.elapsed() < PATIENCE, "it hangs");
            self.service.recover();
        }
        self.note();
        self.seen - seen
    }

    fn note(&mut self) {
        let told = self.example.told();
        for line in &told[self.seen..] {
            // Nothing that goes wrong here is for ever.
            assert!(!line.starts_with(self.lines.fails), "{line}");
            self.unanswered.retain(|n| (self.lines.taken)(*n) != *line);
        }
        self.seen = told.len();
    }
}
