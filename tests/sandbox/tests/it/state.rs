//! What outlives a sandbox.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Account, Agent, Options, RateLimits, Retry, Sandbox, Survey, Webhook};
use tempfile::{TempDir, tempdir};

use crate::driver::{Driver, Reply, agent, call, close, text};
use crate::endpoint::{Answer, Endpoint};
use crate::fault::until;
use crate::program::serving;
use crate::tls::trusting;

fn directory() -> TempDir {
    tempdir().expect("a directory")
}

fn start(directory: &TempDir, options: Options) -> Sandbox {
    let state = Some(directory.path().join("state"));
    Sandbox::start(Options { state, ..options }).expect("the sandbox starts")
}

fn post(url: String, headers: &[(&str, &str)], body: &str) -> Reply {
    call(&agent(), "POST", &url, headers, body.as_bytes()).expect("an answer")
}

/// A connector that talks to a program, whose variables it has.
struct Caller {
    variables: HashMap<String, String>,
    app_jwt: String,
    consumer_jws: String,
}

impl Caller {
    fn new(variables: HashMap<String, String>) -> Caller {
        let mut caller = Caller { variables, app_jwt: String::new(), consumer_jws: String::new() };
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials",
            caller.variables["LPC_CLIENT_ID"], caller.variables["LPC_CLIENT_SECRET"]
        );
        let token = post(caller.url("/sentinel/api/v2/account/{account}/app/token"), &[], &form);
        caller.app_jwt = token.json()["access_token"].as_str().expect("a token").to_owned();
        let jws = caller.post("/api/account/{account}/consumer", &json!({"ext_consumer_id": "a"}));
        caller.consumer_jws = jws["token"].as_str().expect("a token").to_owned();
        caller
    }

    fn url(&self, path: &str) -> String {
        let (url, account) =
            (&self.variables["LPC_DOMAIN_API_URL"], &self.variables["LPC_ACCOUNT_ID"]);
        format!("{url}{}", path.replace("{account}", account))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let headers = [("Authorization", &*self.app_jwt), ("X-LP-ON-BEHALF", &*self.consumer_jws)];
        let reply = post(self.url(path), &headers, &body.to_string());
        assert!(matches!(reply.status, 200 | 201), "{}", reply.text);
        reply.json()
    }

    fn open(&self) -> String {
        let batch = json!([
            {"kind": "req", "id": "1", "type": "userprofile.SetUserProfile", "body": {}},
            {"kind": "req", "id": "2", "type": "cm.ConsumerRequestConversation",
             "body": {"brandId": self.variables["LPC_ACCOUNT_ID"]}},
        ]);
        let opened =
            self.post("/api/account/{account}/messaging/consumer/conversation?v=3", &batch);
        opened[1]["body"]["conversationId"].as_str().expect("an id").to_owned()
    }

    fn say(&self, conversation: &str, what: &str) -> Value {
        let path = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
        self.post(path, &text(conversation, what))["body"]["sequence"].clone()
    }

    /// What the agent said.
    fn answers(&self) -> Vec<String> {
        let (control, account) =
            (&self.variables["LPC_SANDBOX_CONTROL"], &self.variables["LPC_ACCOUNT_ID"]);
        let url = format!("{control}/accounts/{account}/conversations");
        let conversations = call(&agent(), "GET", &url, &[], &[]).expect("an answer").json();
        let events = conversations[0]["events"].as_array().expect("events").clone();
        let said = events.iter().filter(|event| event["role"] == "ASSIGNED_AGENT");
        said.filter_map(|event| event["event"]["message"].as_str().map(str::to_owned)).collect()
    }
}

#[test]
fn a_conversation_goes_on_after_a_kill() {
    let directory = directory();
    let path = directory.path().join("state").display().to_string();
    let (mut running, variables) = serving(&["--state", &path, "--agent", "echo"]);
    let caller = Caller::new(variables.clone());
    let conversation = caller.open();
    assert_eq!(caller.say(&conversation, "one"), 0);
    until(|| caller.answers().len() == 1);
    let before = caller.say(&conversation, "two").as_u64().expect("a number");
    // SIGKILL.
    running.0.kill().expect("it runs");
    running.0.wait().expect("it ends");

    let (_running, again) = serving(&["--state", &path]);
    assert!(again == variables, "account, secret and ports are the same");
    let next = caller.say(&conversation, "three").as_u64().expect("the tokens are good");
    assert!(next > before, "{next}");
    until(|| caller.answers().len() == 3);
    assert_eq!(caller.answers(), ["You said: one", "You said: two", "You said: three"]);
}

#[test]
fn a_state_belongs_to_one_sandbox_and_to_its_owner() {
    let directory = directory();
    let path = directory.path().join("state");
    let shown = path.display().to_string();
    let (_running, _) = serving(&["--state", &shown, "--tls"]);
    let second = Command::new(env!("CARGO_BIN_EXE_lpc-sandbox"))
        .args(["--quiet", "--state", &shown, "--", "true"])
        .output()
        .expect("the program runs");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(said, format!("lpc-sandbox: the state in {shown}: another sandbox uses it\n"));
    private(&path);
}

/// A slip such as `--state /tmp` shuts nobody out.
#[cfg(unix)]
#[test]
fn a_directory_that_is_there_keeps_its_rights() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let path = directory.path();
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
    let options = Options { state: Some(path.to_owned()), ..Options::default() };
    let _sandbox = Sandbox::start(options).expect("it starts");
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(path), 0o755);
    assert_eq!(mode(&path.join("sandbox.db")), 0o600);
}

#[cfg(unix)]
fn private(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    let mut names = Vec::new();
    for entry in directory.read_dir().expect("readable") {
        let entry = entry.expect("an entry");
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().expect("text"));
    }
    assert!(
        ["sandbox.db", "ca.pem", "ca-key.pem"].iter().all(|it| names.contains(&it.to_string()))
    );
}

#[cfg(not(unix))]
fn private(_: &Path) {}

#[test]
fn a_state_that_is_none_is_refused_and_left_alone() {
    let directory = directory();
    let state = directory.path().join("state");
    std::fs::create_dir(&state).expect("a directory");
    let file = state.join("sandbox.db");
    let text = "what somebody else wrote: ".repeat(100);
    std::fs::write(&file, &text).expect("written");
    let refused = Sandbox::start(Options { state: Some(state), ..Options::default() });
    let refused = refused.err().expect("it is refused").to_string();
    assert!(refused.contains("sandbox.db is no file of a sandbox"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).expect("readable"), text);
}

#[test]
fn ca_and_certificates_stay_and_names_are_added() {
    let directory = directory();
    let with = |hosts: &[&str]| {
        let hosts = hosts.iter().map(|host| host.to_string()).collect();
        let options = Options { tls: true, client_certificates: true, hosts, ..Options::default() };
        start(&directory, options)
    };
    let files = || {
        ["ca", "ca-key", "server", "server-key", "receiver", "client", "service"].map(|name| {
            let path = directory.path().join("state").join(format!("{name}.pem"));
            std::fs::read_to_string(path).expect("a file")
        })
    };
    let (url, made) = (with(&[]).url().to_owned(), files());
    let sandbox = with(&[]);
    assert_eq!(sandbox.url(), url);
    // Keys are among them: they are not printed.
    assert!(files() == made, "CA, certificates and keys are the same");
    drop(sandbox);
    let sandbox = start(&directory, Options { tls: true, ..Options::default() });
    let account = sandbox.new_account();
    let path = format!("{url}/api/account/{}/service/baseURI.json?version=1.0", account.id);
    assert_eq!(call(&trusting(&sandbox), "GET", &path, &[], &[]).expect("trusted").status, 200);
    drop(sandbox);
    let sandbox = with(&["brand.example"]);
    assert!(files()[0] == made[0], "the CA is the same");
    assert!(files()[2] != made[2], "the certificate has another name");
    drop(sandbox);
}

/// What a connector still has when the sandbox is gone.
struct Tokens {
    account: Account,
    app_jwt: String,
    consumer_jws: String,
}

impl Tokens {
    fn of(driver: &Driver<'_>) -> Tokens {
        Tokens {
            account: driver.account.clone(),
            app_jwt: driver.app_jwt.clone(),
            consumer_jws: driver.consumer_jws.clone(),
        }
    }

    /// The same connector with the next sandbox.
    fn on<'a>(&self, sandbox: &'a Sandbox) -> Driver<'a> {
        assert!(sandbox.accounts_left().contains(&self.account));
        Driver {
            sandbox,
            account: self.account.clone(),
            agent: agent(),
            app_jwt: self.app_jwt.clone(),
            consumer_jws: self.consumer_jws.clone(),
        }
    }
}

#[test]
fn all_that_an_account_holds_is_there_again() {
    let directory = directory();
    let sandbox = start(&directory, Options::default());
    let first = Driver::on(&sandbox);
    let id = &first.account.id;
    sandbox.rotate_key(id);
    let survey = Survey::new(&json!([{"text": "How was it?"}])).expect("a survey");
    sandbox.set_survey(id, Some(survey));
    sandbox.set_clock_offset(id, 5);
    let script = json!([{"join": true}, {"wait_for": "text"}, {"say": "a"}, {"wait_for": "text"},
                        {"say": "b"}]);
    sandbox.set_agent(id, Some(Agent::Script(lpc_sandbox::Script::new(&script).expect("steps"))));
    let profile = json!({"firstName": "Ann"});
    let mut opening = first.opening();
    opening[0]["body"] = profile;
    let opened = first.batch(&opening);
    let conversation = opened.json()[1]["body"]["conversationId"].as_str().expect("id").to_owned();
    first.send(&text(&conversation, "1"));
    let said = |driver: &Driver<'_>| {
        let events = driver.conversation()["events"].as_array().expect("events").clone();
        events.iter().filter(|event| event["role"] == "ASSIGNED_AGENT").count()
    };
    until(|| said(&first) == 1);
    let file = first.upload("PNG", b"bytes");
    sandbox.set_rate_limits(
        id,
        RateLimits { consumer: Some(1), period: Duration::from_secs(3600), app: None },
    );
    sandbox.add_account(&Account::new("le2", "other", "secret"));
    let (view, key) = (first.conversation(), sandbox.public_key());
    let before = Tokens::of(&first);
    drop(sandbox);

    let sandbox = start(&directory, Options::default());
    let ids: Vec<String> = sandbox.accounts_left().into_iter().map(|account| account.id).collect();
    assert_eq!(ids, [before.account.id.clone(), "le2".to_owned()]);
    let driver = before.on(&sandbox);
    assert_eq!((driver.conversation(), sandbox.public_key()), (view, key));
    assert_eq!(sandbox.file(&driver.account.id, &file).expect("the file"), b"bytes");
    assert_eq!(driver.send(&text(&conversation, "2")).status, 200, "both tokens are good");
    assert_eq!(driver.send(&text(&conversation, "3")).status, 429, "the limits stay");
    until(|| said(&driver) == 2);
    sandbox.set_rate_limits(&driver.account.id, RateLimits::default());
    assert_eq!(driver.send(&close(&conversation)).status, 200);
    let claims = sandbox.issue_app_jwt(&driver.account.id, 60, &[]);
    assert_ne!(claims.split('.').next(), before.app_jwt.split('.').next(), "the second key signs");
    sandbox.revoke_tokens(&driver.account.id);
    drop(sandbox);

    let sandbox = start(&directory, Options::default());
    let driver = before.on(&sandbox);
    assert_eq!(
        driver.send(&text(&conversation, "4")).error_code(),
        40102,
        "what is revoked stays so"
    );
}

#[test]
fn notifications_that_were_not_delivered_still_are() {
    let directory = directory();
    let sandbox = start(&directory, Options::default());
    let driver = Driver::on(&sandbox);
    let endpoint = Endpoint::new();
    let retry = Retry::Retention { time: Duration::from_secs(3600) };
    // The wait after an attempt that fails outlasts the test.
    let webhook = Webhook { retry, time_scale: 1e6, ..Webhook::to(endpoint.url()) };
    endpoint.answers(&[Answer::Status(503)]);
    let conversation = driver.open();
    sandbox.set_webhook(&driver.account.id, webhook);
    for said in ["one", "two", "three"] {
        driver.send(&text(&conversation, said));
    }
    assert_eq!(endpoint.texts(1), ["one"]);
    until(|| sandbox.deliveries(&driver.account.id).len() == 1);
    assert_eq!(sandbox.pending(&driver.account.id), 3);
    let before = Tokens::of(&driver);
    drop(sandbox);

    let sandbox = start(&directory, Options::default());
    let driver = before.on(&sandbox);
    assert_eq!(endpoint.texts(3), ["one", "two", "three"]);
    driver.send(&text(&conversation, "four"));
    assert_eq!(endpoint.texts(1), ["four"]);
    until(|| sandbox.pending(&driver.account.id) == 0);
    let attempts: Vec<(usize, u32)> = sandbox
        .deliveries(&driver.account.id)
        .iter()
        .map(|delivery| (delivery.notification, delivery.attempt))
        .collect();
    assert_eq!(attempts, [(0, 2), (1, 1), (2, 1), (3, 1)], "numbers and attempts go on");
    drop(sandbox);
    let _again = start(&directory, Options::default());
    assert_eq!(endpoint.rest(), 0, "and once");
}
