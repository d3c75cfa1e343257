//! Who may connect to NATS and how, and what of a store must be there.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join;
use nkeys::KeyPair as NKey;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::log::LogLevel;
use crate::config::nats_settings::NatsSettings;
use crate::store::fleet::broker::{Broker, Lane, Trouble};
use crate::store::fleet::nats::Nats;
use crate::store::fleet::nats_tests;
use crate::store::fleet::nats_tests::nats_server::NatsServer;
use crate::store::fleet::nats_tests::{
    OUT, append, connect, info, log, node, refused, run, settings, settings_with, take, until,
};

/// Whether who has these options may connect: no error, and no line, has what is secret of them.
async fn try_with(server: &NatsServer, pairs: &[(&str, &str)]) -> Result<Nats, Error> {
    let (log, lines) = log(LogLevel::Trace);
    let connected = Nats::connect(&settings_with(&server.store("sms"), pairs), &log).await;
    let said = format!("{:?} {:?}", connected.as_ref().err(), lock(&lines));
    for secret in ["pa55", "t0k3n", "SUA", "SUB", "-----"] {
        assert!(!said.contains(secret), "{said}");
    }
    connected
}

async fn status_with(server: &NatsServer, pairs: &[(&str, &str)]) -> Option<Status> {
    try_with(server, pairs).await.err().map(|it| it.status())
}

#[test]
fn users_and_tokens_are_let_in_and_others_are_not() {
    let user = "connector.nats.user";
    let password = "connector.nats.password";
    let token = "connector.nats.token";
    let users = "jetstream: {}, authorization: { user: me, password: pa55 }";
    let server = NatsServer::start_with(users);
    let refused = Some(Status::Unauthorized);
    run(async {
        assert_eq!(status_with(&server, &[(user, "me"), (password, "pa55")]).await, None);
        let wrong = try_with(&server, &[(user, "me"), (password, "pa55x")]).await.err().unwrap();
        assert_eq!(wrong.status(), Status::Unauthorized);
        assert!(wrong.message().contains("refuses the credentials"), "{wrong}");
        assert_eq!(status_with(&server, &[]).await, refused);
        assert_eq!(status_with(&server, &[(token, "t0k3n")]).await, refused);
    });
    let server = NatsServer::start_with("jetstream: {}, authorization: { token: t0k3n }");
    run(async {
        assert_eq!(status_with(&server, &[(token, "t0k3n")]).await, None);
        assert_eq!(status_with(&server, &[(token, "t0k3nx")]).await, refused);
    });
}

#[test]
fn an_nkey_is_let_in_and_another_is_not() {
    let (ours, other) = (NKey::new_user(), NKey::new_user());
    let config = "jetstream: {}, authorization: { users: [{ nkey: KEY }] }";
    let server = NatsServer::start_with(&config.replace("KEY", &ours.public_key()));
    let files = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| write(files.path(), name, text);
    let ours = write("ours", &format!("\n{}\n", ours.seed().unwrap()));
    let other = write("other", &other.seed().unwrap());
    let bad = write("bad", "SUA no seed");
    let none = files.path().join("none").display().to_string();
    run(async {
        let option = "connector.nats.nkey.file";
        assert_eq!(status_with(&server, &[(option, &ours)]).await, None);
        assert_eq!(status_with(&server, &[(option, &other)]).await, Some(Status::Unauthorized));
        let bad = try_with(&server, &[(option, &bad)]).await.err().unwrap();
        assert_eq!(bad.status(), Status::Config);
        assert!(bad.message().contains(option), "{bad}");
        assert_eq!(status_with(&server, &[(option, &none)]).await, Some(Status::Io));
    });
}

#[test]
fn credentials_of_an_operators_account_are_let_in_and_others_are_not() {
    let (operator, system) = (NKey::new_operator(), NKey::new_account());
    let (account, user) = (NKey::new_account(), NKey::new_user());
    let kind = |kind: &str| json!({ "type": kind, "version": 2 });
    let unlimited = ["subs", "data", "payload", "imports", "exports", "conn", "leaf"];
    let jetstream = ["mem_storage", "disk_storage", "streams", "consumer"];
    let limits = |names: &[&str]| -> Value {
        names.iter().map(|name| (name.to_string(), json!(-1))).collect()
    };
    let mut of_account = kind("account");
    of_account["limits"] = limits(&[&unlimited[..], &jetstream].concat());
    let mut of_system = kind("account");
    of_system["limits"] = limits(&unlimited);
    let mut of_user = kind("user");
    of_user.as_object_mut().unwrap().extend(limits(&unlimited[..3]).as_object().unwrap().clone());
    let config = format!(
        "jetstream: {{}}, operator: {}, system_account: {}, resolver: MEMORY, \
         resolver_preload: {{ {}: {}, {}: {} }}",
        jwt(&operator, &operator, kind("operator")),
        system.public_key(),
        system.public_key(),
        jwt(&operator, &system, of_system),
        account.public_key(),
        jwt(&operator, &account, of_account),
    );
    let server = NatsServer::start_with(&config);
    let files = tempfile::tempdir().unwrap();
    let creds = |name: &str, account: &NKey| {
        let jwt = jwt(account, &user, of_user.clone());
        let seed = user.seed().unwrap();
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        write(files.path(), name, &text)
    };
    let (ours, other) = (creds("ours", &account), creds("other", &NKey::new_account()));
    let bad = write(files.path(), "bad", "no creds");
    run(async {
        let option = "connector.nats.creds.file";
        assert_eq!(status_with(&server, &[(option, &ours)]).await, None);
        assert_eq!(status_with(&server, &[(option, &other)]).await, Some(Status::Unauthorized));
        let bad = try_with(&server, &[(option, &bad)]).await.err().unwrap();
        assert_eq!(bad.status(), Status::Config);
        assert!(bad.message().contains(option), "{bad}");
    });
}

/// What `issuer` says of `subject`.
fn jwt(issuer: &NKey, subject: &NKey, nats: Value) -> String {
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let claims = json!({ "iss": issuer.public_key(), "sub": subject.public_key(), "iat": 1,
        "jti": "1", "name": "n", "nats": nats });
    let text = format!("{head}.{}", encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()).unwrap());
    format!("{text}.{signature}")
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Certificates of a CA of ours, as files.
struct Certificates {
    directory: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Certificates {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, pem: &str| drop(write(directory.path(), name, pem));
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        put("ca.pem", &ca.pem());
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
            put(&format!("{name}.pem"), &params.signed_by(&key, &ca).unwrap().pem());
            put(&format!("{name}.key"), &key.serialize_pem());
        }
        Certificates { directory }
    }

    fn path(&self, name: &str) -> String {
        PathBuf::from(self.directory.path()).join(name).display().to_string()
    }

    fn server(&self, verify: bool) -> NatsServer {
        let [cert, key, ca] = ["server.pem", "server.key", "ca.pem"].map(|it| self.path(it));
        NatsServer::start_with(&format!(
            "jetstream: {{}}, tls: {{ cert_file: '{cert}', key_file: '{key}', ca_file: '{ca}', \
             verify: {verify} }}"
        ))
    }
}

#[test]
fn a_server_of_a_ca_that_is_trusted_is_spoken_to_in_tls_and_another_is_not() {
    let certificates = Certificates::new();
    let server = certificates.server(false);
    let (ours, others) = (certificates.path("ca.pem"), Certificates::new());
    let ca = "connector.nats.tls.ca.file";
    run(async {
        let node = try_with(&server, &[(ca, &ours)]).await.unwrap();
        append(&node, OUT, "x").await;
        assert_eq!(take(&node, OUT).await.entry.body, "x");
        assert_eq!(status_with(&server, &[(ca, &others.path("ca.pem"))]).await, Some(Status::Tls));
        assert_eq!(status_with(&server, &[]).await, Some(Status::Tls), "the server demands it");
        assert_eq!(status_with(&server, &[(ca, &ours[..ours.len() - 1])]).await, Some(Status::Io));
    });
}

#[test]
fn a_server_that_wants_a_certificate_gets_one() {
    let certificates = Certificates::new();
    let server = certificates.server(true);
    let [ca, cert, key] = ["ca.pem", "client.pem", "client.key"].map(|it| certificates.path(it));
    let other = Certificates::new();
    let [other_cert, other_key] = ["client.pem", "client.key"].map(|it| other.path(it));
    let pairs = |cert, key| {
        [
            ("connector.nats.tls.ca.file", ca.clone()),
            ("connector.nats.tls.cert.file", cert),
            ("connector.nats.tls.key.file", key),
        ]
    };
    run(async {
        for (pairs, expected) in [
            (&pairs(cert, key)[..], None),
            (&pairs(other_cert, other_key), Some(Status::Tls)),
            (&pairs(String::new(), String::new()), Some(Status::Tls)),
        ] {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| (*key, &**value)).collect();
            assert_eq!(status_with(&server, &pairs).await, expected);
        }
    });
}

#[test]
fn nodes_that_start_together_agree_and_one_with_another_number_is_told() {
    let server = NatsServer::start();
    run(async {
        let settings = settings_with(&server.store("sms"), &[("account.id", "le1")]);
        let (a, b) = join(connect(&settings), connect(&settings)).await;
        let (a, _b) = (a.unwrap(), b.unwrap());
        let about = a.get("about").await.unwrap().unwrap();
        assert_eq!(about.body, r#"{"account":"le1","partitions":3,"version":1}"#);
        let other = NatsSettings { partitions: 4, ..settings.clone() };
        let other = refused(&other).await;
        assert_eq!(other.status(), Status::Config);
        for says in ["'connector.nats.partitions' is 4", "has 3: set it to 3", "worked off"] {
            assert!(other.message().contains(says), "{other}");
        }
        let anothers = NatsSettings { account: "le2".to_owned(), ..settings.clone() };
        let anothers = refused(&anothers).await;
        assert_eq!(anothers.status(), Status::Config);
        assert!(
            anothers.message().contains("belongs to account 'le1', not to 'le2'"),
            "{anothers}"
        );
        for (about, says) in [
            (r#"{"version":2,"shards":3}"#, "is of a newer version"),
            ("no JSON", "cannot read what the store 'sms' in NATS is like"),
        ] {
            let revision = a.get("about").await.unwrap().unwrap().revision;
            a.put("about", revision, about.into()).await.unwrap();
            let refused = nats_tests::refused(&settings).await;
            assert_eq!(refused.status(), Status::Config);
            assert!(refused.message().contains(says), "{refused}");
        }
    });
}

#[test]
fn what_another_node_is_making_is_waited_for() {
    let server = NatsServer::start();
    run(async {
        let other = connect(&settings_with(&server.store("other"), &[])).await.unwrap();
        // As a server has it for a moment: the subjects are taken, and no stream has the name.
        let taken = json!({ "name": "x", "subjects": ["$KV.sms-consumers.>"], "storage": "file" });
        other.ask_api("STREAM.CREATE.x".to_owned(), taken).await.unwrap();
        let made = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            other.ask_api("STREAM.DELETE.x".to_owned(), json!({})).await.unwrap();
        };
        let settings = settings(&server);
        let (node, ()) = join(connect(&settings), made).await;
        node.unwrap();
    });
}

#[test]
fn a_store_has_a_name_that_outlasts_nodes_and_servers_and_is_no_others() {
    let mut server = NatsServer::start();
    let name = run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        assert_eq!(a.name(), b.name());
        assert!(!a.is_clustered());
        let other = connect(&settings_with(&server.store("sms2"), &[])).await.unwrap();
        assert_ne!(a.name(), other.name());
        append(&a, OUT, "x").await;
        assert_eq!(other.waiting().await.unwrap().outgoing, 0);
        a.name().to_owned()
    });
    assert!(name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    server.kill();
    server.start_again();
    run(async {
        let mut settings = settings(&server);
        settings.queue_max = 7;
        assert_eq!(connect(&settings).await.unwrap().name(), name);
        let again = NatsServer::start();
        assert_ne!(node(&again).await.name(), name, "made anew");
    });
}

#[test]
fn other_settings_change_what_is_there() {
    let server = NatsServer::start();
    run(async {
        let (log, lines) = log(LogLevel::Info);
        let mut settings = settings(&server);
        drop(connect(&settings).await.unwrap());
        settings.queue_max = 7;
        settings.takeover = std::time::Duration::from_secs(20);
        settings.key_window = std::time::Duration::ZERO;
        settings.replicas = 2;
        let node = Nats::connect(&settings, &log).await.unwrap();
        let outgoing = info(&node, "STREAM.INFO.sms-out").await;
        assert_eq!(outgoing["config"]["max_msgs"], 7);
        assert_eq!(outgoing["config"]["duplicate_window"], 100_000_000, "the least there is");
        let incoming = info(&node, "STREAM.INFO.sms-in").await;
        assert_eq!(incoming["config"]["max_msgs"], 7);
        assert_eq!(incoming["config"]["duplicate_window"], 600_000_000_000_u64);
        for consumer in ["sms-out.out-2", "sms-in.in-0", "sms-in.unknown", "sms-in.early"] {
            let consumer = info(&node, &format!("CONSUMER.INFO.{consumer}")).await;
            assert_eq!(consumer["config"]["ack_wait"], 20_000_000_000_u64);
        }
        let warned = std::mem::take(&mut *lock(&lines));
        let says = ["'sms-out'", "'sms-in'", "ack_wait", "connector.nats.replicas is 2"];
        assert_eq!(warned.len(), says.len(), "each once, and not for each lane: {warned:?}");
        for ((level, line), says) in warned.iter().zip(says) {
            assert!(*level == LogLevel::Warn && line.contains(says), "{line}");
        }
        settings.replicas = 1;
        Nats::connect(&settings, &log).await.unwrap();
        assert!(lock(&lines).is_empty(), "the same again: {:?}", lock(&lines));
    });
}

#[test]
fn a_queue_is_not_made_shorter_than_what_waits() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.queue_max = 50;
        let node = connect(&settings).await.unwrap();
        for _ in 0..6 {
            append(&node, OUT, "x").await;
            append(&node, Lane::In(1), "x").await;
        }
        settings.queue_max = 5;
        let (log, lines) = log(LogLevel::Warn);
        let other = Nats::connect(&settings, &log).await.unwrap();
        let waiting = other.waiting().await.unwrap();
        assert_eq!((waiting.outgoing, waiting.incoming), (6, 6));
        for stream in ["sms-out", "sms-in"] {
            let info = info(&other, &format!("STREAM.INFO.{stream}")).await;
            assert_eq!(info["config"]["max_msgs"], 50);
            let is_said = |line: &(LogLevel, String)| {
                line.1.contains(stream) && line.1.contains("6 wait") && line.1.contains("50")
            };
            assert_eq!(lock(&lines).iter().filter(|line| is_said(line)).count(), 1, "{lines:?}");
        }
        for _ in 0..6 {
            for lane in [OUT, Lane::In(1)] {
                let handed = take(&node, lane).await;
                node.finish(&handed).await.unwrap();
            }
        }
        drop(connect(&settings).await.unwrap());
        assert_eq!(info(&node, "STREAM.INFO.sms-out").await["config"]["max_msgs"], 5);
    });
}

#[test]
fn what_a_server_does_not_take_is_said() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.replicas = 3;
        let refused = refused(&settings).await;
        assert_eq!(refused.status(), Status::Config);
        assert!(refused.message().contains("replicas"), "{refused}");
    });
}

#[test]
fn what_is_there_and_cannot_keep_a_queue_is_refused() {
    let server = NatsServer::start();
    run(async {
        let maker = connect(&settings_with(&server.store("maker"), &[])).await.unwrap();
        let good = json!({ "subjects": ["sms.out.*"], "retention": "workqueue", "storage": "file",
            "discard": "new" });
        for (key, bad, says) in [
            ("retention", json!("limits"), r#"its retention is "limits", and must be "workqueue""#),
            ("storage", json!("memory"), r#"its storage is "memory", and must be "file""#),
            ("subjects", json!(["x.out.*"]), r#"must be ["sms.out.*"]"#),
            ("discard", json!("old"), r#"its discard is "old""#),
            ("max_age", json!(9_000_000_000_u64), "its max_age is 9000000000, and must be 0"),
        ] {
            let mut config = good.clone();
            config["name"] = "sms-out".into();
            config[key] = bad;
            maker.ask_api("STREAM.CREATE.sms-out".to_owned(), config).await.unwrap();
            let refused = refused(&settings(&server)).await;
            assert_eq!(refused.status(), Status::Config);
            let names = refused.message().contains("the stream 'sms-out' in NATS");
            assert!(names && refused.message().contains(says), "{refused}");
            maker.ask_api("STREAM.DELETE.sms-out".to_owned(), json!({})).await.unwrap();
        }
        drop(node(&server).await);
        let delete = "CONSUMER.DELETE.sms-out.out-1".to_owned();
        maker.ask_api(delete, json!({})).await.unwrap();
        let consumer = json!({ "stream_name": "sms-out", "config": { "durable_name": "out-1",
            "filter_subject": "sms.out.1", "ack_policy": "explicit", "max_ack_pending": 2 } });
        let create = "CONSUMER.DURABLE.CREATE.sms-out.out-1".to_owned();
        maker.ask_api(create, consumer).await.unwrap();
        let refused = refused(&settings(&server)).await;
        let says = "the consumer 'out-1' of the stream 'sms-out' in NATS cannot be used: its \
                    max_ack_pending is 2, and must be 1";
        assert!(refused.message().contains(says), "{refused}");
    });
}

/// What a node needs where an administrator made all that a store has.
/// What a page says to whom administers NATS.
const PAGE: &str = include_str!("../../../docs/fleet.md");

/// The blocks of the page of this kind, each with what stands behind that.
fn blocks(kind: &str) -> Vec<(&'static str, &'static str)> {
    let blocks = PAGE.split("```").skip(1).step_by(2).filter_map(|it| it.strip_prefix(kind));
    blocks.map(|block| block.split_once('\n').unwrap()).collect()
}

fn rights() -> &'static str {
    blocks("text").into_iter().find(|(_, it)| it.starts_with("permissions")).unwrap().1
}

#[test]
fn the_page_says_how_to_make_what_is_needed() {
    let rights = rights();
    let config = format!(
        "jetstream: {{}}, authorization: {{ users: [ {{ user: admin, password: a }}, \
         {{ user: node, password: n, {rights} }}] }}"
    );
    let server = NatsServer::start_with(&config);
    let as_user = |store: &str, name, password| {
        let pairs = [("connector.nats.user", name), ("connector.nats.password", password)];
        settings_with(&server.store(store), &pairs)
    };
    run(async {
        // One that is there already, to ask by.
        let admin = connect(&as_user("other", "admin", "a")).await.unwrap();
        for (_, json) in blocks("json stream") {
            let config: Value = serde_json::from_str(json).unwrap();
            let name = config["name"].as_str().unwrap().to_owned();
            admin.ask_api(format!("STREAM.CREATE.{name}"), config).await.unwrap();
        }
        let consumers = blocks("json consumer ");
        assert_eq!(consumers.len(), 4);
        for (stream, json) in consumers {
            for partition in 0..3 {
                let json = json.replace("-P\"", &format!("-{partition}\""));
                let json = json.replace(".P\"", &format!(".{partition}\""));
                let config: Value = serde_json::from_str(&json).unwrap();
                let name = config["durable_name"].as_str().unwrap().to_owned();
                let request = json!({ "stream_name": stream, "config": config });
                let subject = format!("CONSUMER.DURABLE.CREATE.{stream}.{name}");
                admin.ask_api(subject, request).await.unwrap();
            }
        }
        let (log, lines) = log(LogLevel::Warn);
        let node = Nats::connect(&as_user("sms", "node", "n"), &log).await.unwrap();
        let handed = append(&node, OUT, "x").await;
        assert_eq!(take(&node, OUT).await.entry.seq, handed);
        assert!(lock(&lines).is_empty(), "{lines:?}");
    });
}

#[test]
fn what_an_administrator_made_is_used_by_who_may_make_nothing() {
    let rights = rights();
    let config = format!(
        "jetstream: {{}}, authorization: {{ users: [ {{ user: admin, password: a }}, \
         {{ user: node, password: n, {rights} }}, \
         {{ user: deaf, password: d, permissions: {{ subscribe: {{ deny: '_INBOX.>' }} }} }}] }}"
    );
    let server = NatsServer::start_with(&config);
    let as_user = |name, password| {
        let pairs = [("connector.nats.user", name), ("connector.nats.password", password)];
        settings_with(&server.store("sms"), &pairs)
    };
    run(async {
        let mut settings = as_user("node", "n");
        let refused = refused(&settings).await;
        assert_eq!(refused.status(), Status::Config);
        for says in ["cannot make the stream 'KV_sms-consumers'", "Permissions Violation"] {
            assert!(refused.message().contains(says), "{refused}");
        }
        let deaf = nats_tests::refused(&as_user("deaf", "d")).await;
        assert_eq!(deaf.status(), Status::Config);
        assert!(deaf.message().contains("Permissions Violation for Subscription"), "{deaf}");

        drop(connect(&as_user("admin", "a")).await.unwrap());
        let (log, lines) = log(LogLevel::Warn);
        settings.queue_max = 7;
        settings.takeover = std::time::Duration::from_secs(20);
        let node = Nats::connect(&settings, &log).await.unwrap();
        let lines = lock(&lines).clone();
        let about = |what: &str| lines.iter().filter(|(_, line)| line.contains(what)).count();
        let stay = ["the stream 'sms-out' stays", "the stream 'sms-in' stays", "as others, stays"];
        assert_eq!(stay.map(about), [1, 1, 1], "{lines:?}");
        assert_eq!(lines.len(), 3, "{lines:?}");

        // All of it works.
        for lane in [OUT, Lane::In(0), Lane::Unknown, Lane::Early] {
            append(&node, lane, "x").await;
            let handed = take(&node, lane).await;
            node.keep(&handed).await.unwrap();
            node.give_back(&handed, std::time::Duration::ZERO).await.unwrap();
            let handed = take(&node, lane).await;
            node.finish(&handed).await.unwrap();
        }
        node.call("heard".into()).await.unwrap();
        assert_eq!(node.called().await, "heard");
        let revision = node.put("c", 0, "one".into()).await.unwrap();
        node.put("c", revision, "two".into()).await.unwrap();
        node.forget("c").await.unwrap();
        node.put_file("f", "x".into()).await.unwrap();
        assert_eq!(node.file("f").await.unwrap().unwrap(), "x");
        node.drop_file("f").await.unwrap();
        assert_eq!(node.waiting().await.unwrap().outgoing, 0);
        // What is not permitted is said at once, to who asked for it.
        let delete = node.ask_api("STREAM.DELETE.sms-out".to_owned(), json!({})).await;
        assert!(matches!(delete, Err(Trouble::Refused(_))), "{delete:?}");
    });
}

#[test]
fn another_server_of_the_cluster_is_found_where_the_first_is_lost() {
    let config =
        "jetstream: {}, server_name: NAME, cluster: { name: c, listen: '127.0.0.1:-1'ROUTES }";
    let first = config.replace("NAME", "first");
    // Without any it would be in no cluster.
    let first = first.replace("ROUTES", ", routes: ['nats://127.0.0.1:1']");
    let mut first = NatsServer::start_with(&first);
    let routes = format!(", routes: ['nats://127.0.0.1:{}']", first.cluster_port());
    let second = config.replace("NAME", "second").replace("ROUTES", &routes);
    let _second = NatsServer::start_with(&second);
    run(async {
        let (log, lines) = log(LogLevel::Info);
        let mut node = None;
        until("they have a leader", async || {
            let settings = settings(&first);
            node = Nats::connect(&settings, &log).await.ok();
            node.is_some()
        })
        .await;
        let node = node.unwrap();
        lock(&lines).clear();
        first.kill();
        until("it is found", async || !lock(&lines).is_empty() && node.is_there()).await;
        let levels: Vec<_> = lock(&lines).iter().map(|(level, _)| *level).collect();
        assert_eq!(levels, [LogLevel::Warn, LogLevel::Info], "{:?}", lock(&lines));
    });
}
