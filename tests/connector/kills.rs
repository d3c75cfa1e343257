//! Nothing is lost, out of order or sent twice, whenever the program dies and whatever the service does.

use std::collections::{HashMap, HashSet};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use lpc_sandbox::{Account, Agent, Answer, Options, Retry, Route, Sandbox, Webhook};

use crate::program::{CONSUMERS, Program, Running};
use crate::random::Random;

const SIGKILL: i32 = 9;

#[test]
fn a_connector_that_is_killed_loses_nothing_and_says_nothing_twice() {
    kill_again_and_again(5);
}

#[test]
#[ignore = "takes minutes"]
fn a_connector_that_is_killed_a_hundred_times() {
    kill_again_and_again(100);
}

fn kill_again_and_again(kills: usize) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let account = sandbox.new_account();
    let address = sandbox.reserve_receiver(&account.id);
    let retry = Retry::Retention { time: Duration::from_secs(3 * 24 * 60 * 60) };
    let url = format!("http://{address}/");
    // What is not answered with 200 comes again, some milliseconds later.
    let webhook = Webhook { retry, time_scale: 0.0005, ..Webhook::to(url) };
    sandbox.set_webhook(&account.id, webhook);
    sandbox.set_agent(&account.id, Some(Agent::Echo));
    let program = Program::new(&sandbox, &account);

    let mut random = Random::new("LPC_KILLS_SEED");
    for kill in 1..=kills {
        let mut running = program.start(true);
        let mut progress = program.progress();
        let enough = progress + 1 + random.below(500);
        wait_until(&program, &mut running, || {
            let now = program.progress();
            if now != std::mem::replace(&mut progress, now) {
                fail(&sandbox, &account, &mut random);
            }
            now >= enough
        });
        assert!(!running.has_ended(), "kill {kill}: {}", program.output());
        assert_eq!(running.kill().signal(), Some(SIGKILL), "kill {kill}");
    }
    let mut running = program.start(false);
    let known = (program.submitted() + 1).next_multiple_of(CONSUMERS);
    wait_until(&program, &mut running, || {
        let told: HashSet<String> = program.told().into_iter().collect();
        let is_told = |n: usize| {
            let answer = format!("c{} You said: {n}", n % CONSUMERS);
            told.contains(&format!("sent {n}")) && told.contains(&answer)
        };
        (0..known).all(is_told) && sandbox.pending(&account.id) == 0
    });
    drop(running);

    let texts = texts(&sandbox, &account);
    let all = program.submitted();
    let mut twice = 0;
    for consumer in 0..CONSUMERS {
        let mut arrived = texts.get(&format!("c{consumer}")).cloned().unwrap_or_default();
        let with_repeats = arrived.len();
        arrived.dedup();
        twice += with_repeats - arrived.len();
        let submitted: Vec<usize> = (0..all).filter(|n| n % CONSUMERS == consumer).collect();
        assert_eq!(arrived, submitted, "of consumer {consumer}: lost, or out of order");
    }
    assert_eq!(twice, 0, "of {all}: sent twice although the service told of it");
    assert!(!program.told().iter().any(|line| line.starts_with("failed")), "{:?}", program.told());
    // What the agent answered came in order: the same again only where it was not acknowledged.
    let told = program.told();
    for consumer in 0..CONSUMERS {
        let answer = format!("c{consumer} You said: ");
        let answers = told.iter().filter_map(|line| line.strip_prefix(&answer)?.parse().ok());
        let mut answers: Vec<usize> = answers.collect();
        answers.dedup();
        let submitted: Vec<usize> = (0..all).filter(|n| n % CONSUMERS == consumer).collect();
        assert_eq!(answers, submitted, "answers to consumer {consumer}");
    }
}

/// What the agent sees of each consumer, over all conversations.
fn texts(sandbox: &Sandbox, account: &Account) -> HashMap<String, Vec<usize>> {
    let mut texts: HashMap<String, Vec<usize>> = HashMap::new();
    for conversation in sandbox.conversations(&account.id) {
        let consumer = conversation["consumer"]["ext_consumer_id"].as_str().unwrap().to_owned();
        for event in conversation["events"].as_array().unwrap() {
            let number: Option<usize> =
                event["event"]["message"].as_str().and_then(|text| text.parse().ok());
            texts.entry(consumer.clone()).or_default().extend(number);
        }
    }
    texts
}

/// Now and then something goes wrong.
fn fail(sandbox: &Sandbox, account: &Account, random: &mut Random) {
    let status = |status| Answer::Status { status, headers: Vec::new(), body: Vec::new() };
    let answer = match random.below(50) {
        0 => Answer::Lose,
        1 => status(503),
        2 => status(429),
        3 => status(500),
        4 => Answer::Reset,
        _ => return,
    };
    let route = if random.below(4) == 0 { Route::Conversation } else { Route::Send };
    sandbox.answer_next(&account.id, route, answer);
}

fn wait_until(program: &Program, running: &mut Running, mut done: impl FnMut() -> bool) {
    while !done() {
        assert!(!running.has_ended(), "it ended by itself: {}", program.output());
        std::thread::yield_now();
    }
}
