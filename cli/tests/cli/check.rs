//! `lpc check`: each step as it should be, and as it should not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use lpc_sandbox::serde_json::Value;
use lpc_sandbox::{Answer, Route};

use crate::scene::{Ran, Scene, lpc, nobody, server};

/// What became of each step, without the hosts.
fn steps(ran: &Ran) -> String {
    let words = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let lines = ran.out.lines().filter(|line| !line.starts_with(' '));
    lines.map(words).collect::<Vec<_>>().join(", ")
}

/// The line of a step that is not ok, and what it says is to be done.
fn failed<'a>(ran: &'a Ran, step: &str) -> (&'a str, &'a str) {
    let mut lines = ran.out.lines();
    let is_meant =
        |line: &&str| line.split_whitespace().nth(1) == Some(step) && !line.starts_with("ok");
    let line = lines.find(is_meant).unwrap_or_else(|| panic!("no {step} failed: {}", ran.out));
    let todo = lines.next().unwrap_or_default().trim();
    assert!(todo.starts_with("-> ") && todo.ends_with('.'), "what to do? {todo}");
    (line, todo)
}

const ALL_IS_WELL: &str = "ok settings, ok name, ok connection, ok services, ok clock, ok token, ok consumer, skipped webhook";

#[test]
fn all_is_well_at_a_service_that_is_well() {
    for scene in [Scene::new(), Scene::over_tls()] {
        let ran = scene.run(&["check"]).ends(0);
        assert_eq!(steps(&ran), ALL_IS_WELL, "{}", ran.out);
        assert!(ran.out.contains(&scene.account.id) && ran.err.is_empty(), "{}", ran.err);
        assert!(scene.sandbox.conversations(&scene.account.id).is_empty(), "nobody is disturbed");
    }
    let scene = Scene::over_tls();
    let ran = scene.run(&["check", "--verbose"]).ends(0);
    assert!(
        ran.out.contains("certificate of CN=lpc-sandbox, issued by CN=lpc-sandbox CA, until 20")
    );
    assert!(ran.err.contains("obtaining an AppJWT"), "{}", ran.err);
}

#[test]
fn a_program_reads_the_same() {
    let scene = Scene::over_tls();
    let fields = |ran: &Ran, member: &str| {
        let text = |step: Value| step[member].as_str().unwrap_or_default().to_owned();
        ran.json().into_iter().map(text).collect::<Vec<_>>()
    };
    let ran = scene.run(&["--json", "check", "--consumer", "somebody"]).ends(0);
    let both = fields(&ran, "outcome").into_iter().zip(fields(&ran, "step"));
    let both: Vec<String> = both.map(|(outcome, step)| format!("{outcome} {step}")).collect();
    assert_eq!(both.join(", "), ALL_IS_WELL);
    assert!(ran.out.contains("the service calls 'somebody' "));

    let ran = scene.run(&["check", "--json", "--set", "client.secret=wrong"]).ends(3);
    let step = ran.json().into_iter().find(|step| step["outcome"] == "failed").unwrap();
    assert_eq!(
        (&step["step"], &step["error"]["status"]),
        (&"token".into(), &"UNAUTHORIZED".into())
    );
    assert!(step["todo"].as_str().unwrap().contains("client.secret"), "{step}");
}

#[test]
fn settings_that_make_no_sense_end_it() {
    for (set, says) in [
        ("acount.id=1", "unknown option 'acount.id'; did you mean 'account.id'?"),
        ("client.id=", "'client.id' is missing"),
        ("account.id=", "'account.id' is missing"),
        ("tls.ca.file=/nowhere.pem", "/nowhere.pem"),
    ] {
        let ran = Scene::new().run(&["check", "--set", set]);
        let ran = ran.ends(2);
        assert_eq!(steps(&ran), "failed settings");
        assert!(failed(&ran, "settings").0.contains(says), "{}", ran.out);
    }
}

#[test]
fn credentials_that_are_not_those_of_the_account_are_named() {
    let scene = Scene::new();
    let ran = scene.run(&["check", "--set", "client.secret=not-the-secret"]).ends(3);
    let (line, todo) = failed(&ran, "token");
    assert!(line.contains("401") && todo.contains("client.id and client.secret"), "{}", ran.out);
    assert!(steps(&ran).ends_with("failed token, skipped consumer, skipped webhook"));
    assert!(!ran.out.contains("not-the-secret"));

    let ran = scene.run(&["check", "--set", "client.id=", "--set", "client.secret="]).ends(2);
    assert!(failed(&ran, "token").1.contains("LPC_CLIENT_SECRET"), "{}", ran.out);

    // A token of one's own is tried where it is used.
    let ran = scene.run(&["check", "--set", "app.jwt=a.b.c"]).ends(3);
    assert!(
        steps(&ran).ends_with("skipped token, failed consumer, skipped webhook"),
        "{}",
        ran.out
    );
    assert!(failed(&ran, "consumer").1.contains("app.jwt"), "{}", ran.out);
}

#[test]
fn another_account_is_not_known() {
    let ran = Scene::new().run(&["check", "--set", "account.id=nobody"]).ends(3);
    assert!(failed(&ran, "services").1.contains("account.id"), "{}", ran.out);
    assert!(
        steps(&ran).ends_with("skipped token, skipped consumer, skipped webhook"),
        "{}",
        ran.out
    );
}

#[test]
fn a_certificate_of_nobody_we_trust_is_shown_with_its_issuer() {
    let ran = Scene::over_tls().run(&["check", "--set", "tls.ca.file="]).ends(3);
    let (line, todo) = failed(&ran, "connection");
    assert!(
        line.contains("UnknownIssuer") && todo.contains("issued by CN=lpc-sandbox CA"),
        "{}",
        ran.out
    );
    assert!(todo.contains("tls.ca.file"), "{todo}");
    assert!(
        steps(&ran).contains("skipped services, skipped clock, skipped token, skipped consumer")
    );
}

#[test]
fn a_host_that_nobody_knows_is_named() {
    // Longer than a name can be, so that no resolver is asked for it.
    let host = format!("{}.example", "a".repeat(64));
    let url = format!("domain.api.url=https://{host}");
    let ran = Scene::new().run(&["check", "--set", &url]).ends(1);
    let (line, todo) = failed(&ran, "name");
    assert!(line.contains(&host) && todo.contains("proxy.url"), "{}", ran.out);
    assert!(
        steps(&ran).contains("failed name, skipped connection, skipped services"),
        "{}",
        ran.out
    );
}

#[test]
fn a_host_where_nobody_listens_is_named() {
    let url = format!("domain.api.url=https://{}", nobody());
    let ran = Scene::new().run(&["check", "--set", &url]).ends(1);
    assert!(failed(&ran, "connection").1.contains("firewall"), "{}", ran.out);
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let proxy = server("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://somebody:pa55word@{proxy}");
    let scene = Scene::over_tls();
    let mut command = scene.lpc(&["check"]);
    let ran = scene
        .ended(command.env_remove("LPC_PROXY_URL").env("HTTPS_PROXY", &url).output().unwrap())
        .ends(3);
    assert!(steps(&ran).starts_with("ok settings, skipped name, failed connection"), "{}", ran.out);
    let (line, todo) = failed(&ran, "connection");
    assert!(line.contains("407") && todo.contains("HTTPS_PROXY"), "{}", ran.out);
    assert!(ran.out.contains(&format!("http://{proxy} knows")), "{}", ran.out);
    assert!(!ran.out.contains("pa55word") && !ran.err.contains("pa55word"));
}

#[test]
fn a_clock_that_is_off_is_a_warning() {
    for (offset, says) in [(1000, "s behind the service's"), (-1000, "s ahead of the service's")] {
        let scene = Scene::new();
        scene.sandbox.set_clock_offset(&scene.account.id, offset);
        let ran = scene.run(&["check"]).ends(0);
        let (line, todo) = failed(&ran, "clock");
        assert!(
            line.starts_with("warning") && line.ends_with(says) && todo.contains("NTP"),
            "{line}"
        );
    }
}

#[test]
fn a_service_in_trouble_is_for_later() {
    let scene = Scene::new();
    let away = || Answer::Status { status: 503, headers: Vec::new(), body: Vec::new() };
    // The first is asked for the connection, the second for the list.
    scene.sandbox.answer_next(&scene.account.id, Route::Domain, away());
    scene.sandbox.answer_next(&scene.account.id, Route::Domain, away());
    let ran = scene.run(&["check"]).ends(1);
    assert!(failed(&ran, "services").1.contains("in some minutes"), "{}", ran.out);

    scene.sandbox.answer_next(&scene.account.id, Route::Token, away());
    let ran = scene.run(&["check", "--set", "retry.max.attempts=4"]).ends(1);
    assert!(
        failed(&ran, "token").1.contains("in some minutes"),
        "nothing is tried twice: {}",
        ran.out
    );
}

#[test]
fn what_a_terminal_would_obey_is_not_printed_of_a_step() {
    let ran = Scene::new().run(&["check", "--consumer", "\u{1b}[2J"]).ends(0);
    assert!(ran.out.contains("calls '\\u{1b}[2J'"), "{}", ran.out);
}

#[test]
fn services_that_options_name_are_not_asked_for() {
    let scene = Scene::new();
    let url = scene.sandbox.url();
    let sets = ["messaging", "sentinel", "idp", "storage"].map(|it| format!("domain.{it}={url}"));
    let mut arguments = vec!["check", "--set", "domain.api.url=https://127.0.0.1:1"];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    let ran = scene.run(&arguments).ends(0);
    let way =
        "ok settings, skipped services, ok name, ok connection, ok clock, ok token, ok consumer";
    assert_eq!(steps(&ran), format!("{way}, skipped webhook"));
}

#[test]
fn who_closes_the_output_ends_it_without_a_word() {
    let scene = Scene::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = scene.ended(scene.lpc(&["check"]).stdout(writer).output().unwrap()).ends(0);
    assert_eq!(ran.err, "");
    let full = std::fs::File::options().write(true).open("/dev/full");
    if let Ok(full) = full {
        let ran = scene.ended(lpc(&["completions", "bash"]).stdout(full).output().unwrap()).ends(3);
        assert!(ran.err.contains("cannot write to the standard output"), "{}", ran.err);
    }
}

/// Each question would wait as long as the first: 15 s, unless options say otherwise.
#[test]
fn a_service_that_is_silent_is_not_asked_for_each_service() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        // Kept open, and not answered; what says who it is, is the end.
        let mut held = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let mut begin = [0; 3];
            stream.read_exact(&mut begin).unwrap();
            if begin == *b"END" {
                return held.len();
            }
            held.push(stream);
        }
    });
    let scene = Scene::new();
    let mut command = scene.lpc(&["check", "--set", "request.timeout.ms=50"]);
    let ran = scene.ended(command.env("LPC_DOMAIN_API_URL", &url).output().unwrap()).ends(1);
    assert!(failed(&ran, "connection").0.contains("did not answer within 50 ms"), "{}", ran.out);
    let mut end = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    end.write_all(b"END").unwrap();
    assert_eq!(asked.join().unwrap(), 2, "once for the connection, once for all services");
}
