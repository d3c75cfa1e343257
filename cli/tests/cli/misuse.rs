//! What is written wrong, and what helps to write it right.

use std::process::{Command, Stdio};

use crate::scene::{Scene, file, lpc};

#[test]
fn wrong_arguments_are_refused_before_anything_happens() {
    let scene = Scene::new();
    for arguments in [
        &[][..],
        &["chek"],
        &["send"],
        &["send", "me"],
        &["send", "me", "Hi", "--dialog", "d"],
        &["send", "me", "Hi", "--open", "{\"skilId\":\"1\"}"],
        &["send", "", "Hi"],
        &["listen", "--count", "few"],
        &["replay-webhook", "-"],
        &["check", "--set", "account.id"],
        &["check", "--nonsense"],
        &["check", "--consumer", ""],
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}{}", ran.out, ran.err);
    }
    assert!(scene.sandbox.conversations(&scene.account.id).is_empty());
    let ran = scene.run(&["send", "me", "Hi", "--open", "{\"skilId\":\"1\"}"]);
    assert!(ran.err.contains("skillId"), "the nearest name: {}", ran.err);
}

#[test]
fn what_stands_in_the_file_counts_more_than_the_environment_and_less_than_set() {
    let scene = Scene::new();
    let (_kept, path) = file("lpc.conf", "# ours\naccount.id = fromfile\n");
    let path = path.to_str().unwrap();
    let ran = scene.run(&["check", "--config", path]);
    assert!(ran.out.contains("account fromfile,"), "{}", ran.out);
    let set = format!("account.id={}", scene.account.id);
    let ran = scene.run(&["check", "--config", path, "--set", &set]).ends(0);
    assert!(ran.out.contains(&scene.account.id));
    let ran = scene.run(&["send", "me", "Hi", "--config", "/nowhere.conf"]).ends(2);
    assert!(ran.err.contains("/nowhere.conf"), "{}", ran.err);
}

#[test]
fn where_nobody_hears_what_went_wrong_the_code_still_tells() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Scene::new().lpc(&["send", "me", "Hi", "--set", "acount.id=1"]);
    assert_eq!(command.stderr(writer).status().unwrap().code(), Some(2));
}

#[test]
fn a_variable_that_looks_like_an_option_is_told_without_its_value() {
    let scene = Scene::new();
    let mut command = scene.lpc(&["check"]);
    let ran = scene.ended(command.env("LPC_CLIENT_SECRTE", "h1dden").output().unwrap()).ends(0);
    let told = ran.err.matches("was LPC_CLIENT_SECRET meant?").count();
    assert_eq!(told, 1, "{}", ran.err);
    assert!(!ran.err.contains("h1dden"));

    // That may be why something is missing.
    let mut command = scene.lpc(&["check"]);
    command.env_remove("LPC_ACCOUNT_ID").env("LPC_ACOUNT_ID", "1");
    let ran = scene.ended(command.output().unwrap()).ends(2);
    assert!(ran.err.contains("was LPC_ACCOUNT_ID meant?"), "{}", ran.err);
}

#[test]
fn shells_understand_the_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = lpc(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("replay-webhook"), "{shell}");
        if shell == "bash" {
            let (_kept, path) = file("lpc", script);
            let read = Command::new("bash").arg("-n").arg(path).stderr(Stdio::inherit()).status();
            assert!(read.is_err() || read.is_ok_and(|read| read.success()));
        }
    }
}
