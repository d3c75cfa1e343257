//! A NATS server of a test's own: a process on a free port, whose files are gone with it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than a loaded machine takes to start one.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct NatsServer {
    path: PathBuf,
    /// None between a kill and the next start.
    program: Option<Child>,
    directory: tempfile::TempDir,
    port: u16,
}

#[allow(dead_code)] // Not every test needs all of it.
impl NatsServer {
    /// With JetStream.
    pub fn start() -> NatsServer {
        NatsServer::start_with("jetstream: {}")
    }

    /// A cluster of servers with JetStream, which may have no leader yet. Of 2.9 it would lose what the tests look
    /// for.
    pub fn start_cluster(count: usize) -> Vec<NatsServer> {
        // Each is told where the others are before they are there.
        let free: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let port = |free: TcpListener| free.local_addr().unwrap().port();
        let ports: Vec<u16> = free.into_iter().map(port).collect();
        let routes: Vec<String> =
            ports.iter().map(|port| format!("'nats://127.0.0.1:{port}'")).collect();
        let start = |(at, port)| {
            let config = format!(
                "jetstream: {{}}, server_name: s{at}, \
                 cluster: {{ name: c, listen: '127.0.0.1:{port}', routes: [{}] }}",
                routes.join(", ")
            );
            NatsServer::start_program(of_clusters(), &config)
        };
        ports.iter().enumerate().map(start).collect()
    }

    /// As new as those of clusters are: it writes less down before it answers than one of 2.9.
    pub fn start_newer() -> NatsServer {
        NatsServer::start_program(of_clusters(), "jetstream: {}")
    }

    /// With a configuration, in which `DIRECTORY` is the server's own.
    pub fn start_with(config: &str) -> NatsServer {
        NatsServer::start_program(program(), config)
    }

    fn start_program(path: PathBuf, config: &str) -> NatsServer {
        let directory = tempfile::tempdir().unwrap();
        let mut server = NatsServer { path, program: None, directory, port: 0 };
        let config = config.replace("DIRECTORY", server.directory().to_str().unwrap());
        std::fs::write(server.directory().join("server.conf"), config).unwrap();
        server.start_again();
        server
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes of memory.
    pub fn resident(&self) -> u64 {
        let statm = format!("/proc/{}/statm", self.program.as_ref().unwrap().id());
        let pages = std::fs::read_to_string(statm).unwrap();
        pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    /// What `connector.store` takes.
    pub fn store(&self, name: &str) -> String {
        format!("nats://127.0.0.1:{}/{name}", self.port)
    }

    /// Where servers of its cluster find it.
    pub fn cluster_port(&self) -> u16 {
        self.port_for("cluster").unwrap()
    }

    /// Of whom it listens for, once the whole file is there.
    fn port_for(&self, whom: &str) -> Option<u16> {
        let name = format!("nats-server_{}.ports", self.program.as_ref()?.id());
        let ports = std::fs::read_to_string(self.directory().join(name)).ok()?;
        let of_them = ports.trim_end().strip_suffix('}')?.split(&format!("\"{whom}\"")).nth(1)?;
        let address = of_them.split('"').find(|it| it.contains("://"))?;
        address.rsplit(':').next()?.parse().ok()
    }

    /// As `kill -9`, or a loss of its container.
    pub fn kill(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }

    /// At the port and with the files that it had.
    pub fn start_again(&mut self) {
        let directory = self.directory();
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let program = Command::new(&self.path)
            .args(["-a", "127.0.0.1", "-p", &port])
            .arg("-c")
            .arg(directory.join("server.conf"))
            .arg("-sd")
            .arg(directory.join("kept"))
            .arg("-l")
            .arg(directory.join("log"))
            .arg("--ports_file_dir")
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.program = Some(program);
        let began = Instant::now();
        loop {
            // It is there once clients can connect.
            if let Some(port) = self.port_for("nats") {
                self.port = port;
                return;
            }
            let ended = self.program.as_mut().unwrap().try_wait().unwrap().is_some();
            if ended || began.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.directory().join("log"));
                panic!("nats-server does not start: {}", log.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// It is there and answers nobody, until it [goes on](NatsServer::go_on).
    /// Nothing of it runs when this returns.
    pub fn stop(&self) {
        self.signal("-STOP");
        let tasks = format!("/proc/{}/task", self.program.as_ref().unwrap().id());
        let is_stopped = |task: std::io::Result<std::fs::DirEntry>| {
            let stat = std::fs::read_to_string(task.unwrap().path().join("stat"));
            // A thread that has ended does nothing, either.
            stat.map_or(true, |stat| stat.contains(") T "))
        };
        while !std::fs::read_dir(&tasks).unwrap().all(is_stopped) {
            std::thread::yield_now();
        }
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.program.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One that `make` got, or as new.
fn of_clusters() -> PathBuf {
    let got = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/nats/bin/nats-server");
    if got.is_file() {
        return got;
    }
    let installed = program();
    let version = Command::new(&installed).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    assert!(
        !version.contains("v2.9."),
        "missing: a nats-server from 2.10 on, for tests of clusters (make target/tools/nats/bin/nats-server)"
    );
    installed
}

fn program() -> PathBuf {
    // Debian's is where only root looks.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join("nats-server")).find(|it| it.is_file());
    found.expect(
        "missing: nats-server, for the tests of connector.store=nats: (Debian's nats-server, Homebrew's, or \
         https://github.com/nats-io/nats-server/releases)",
    )
}
