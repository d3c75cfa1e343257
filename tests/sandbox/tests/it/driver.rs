//! A client that does what it is told, right or wrong.

use std::sync::OnceLock;
use std::time::Duration;

use lpc_sandbox::serde_json::{self, Value, json};
use lpc_sandbox::{Account, Options, Sandbox};
use ureq::Agent;
use ureq::http::Request;

/// The sandbox that all tests share; each has an account of its own.
pub fn shared() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(Options::default()).expect("the sandbox starts"))
}

/// An agent that hands on every status, and gives up before a test would hang.
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    pub fn error_code(&self) -> Value {
        self.json()["body"]["errorCode"].clone()
    }
}

pub fn call(
    agent: &Agent,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply, ureq::Error> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    // ureq sends no body with these, and says so.
    let mut response = if ["GET", "HEAD", "DELETE"].contains(&method) {
        agent.run(request.body(()).expect("a request"))?
    } else {
        agent.run(request.body(body).expect("a request"))?
    };
    let bytes = response.body_mut().read_to_vec()?;
    Ok(Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
    })
}

/// A connector of one account with one consumer, on the shared sandbox or another.
pub struct Driver<'a> {
    pub sandbox: &'a Sandbox,
    pub account: Account,
    pub agent: Agent,
    pub app_jwt: String,
    pub consumer_jws: String,
}

impl Driver<'static> {
    pub fn new() -> Driver<'static> {
        Driver::on(shared())
    }
}

impl<'a> Driver<'a> {
    pub fn on(sandbox: &'a Sandbox) -> Driver<'a> {
        let account = sandbox.new_account();
        let app_jwt = sandbox.issue_app_jwt(&account.id, 3600, &[]);
        let mut driver =
            Driver { sandbox, account, agent: agent(), app_jwt, consumer_jws: String::new() };
        driver.consumer_jws = driver.consumer("alice");
        driver
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{}", self.sandbox.url(), path.replace("{account}", &self.account.id))
    }

    /// The ConsumerJWS of this consumer.
    pub fn consumer(&self, ext_consumer_id: &str) -> String {
        let reply = self.identify(&json!({"ext_consumer_id": ext_consumer_id}).to_string());
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()["token"].as_str().expect("a token").to_owned()
    }

    /// The same connector with another consumer: each has one open conversation at most.
    pub fn with(&self, ext_consumer_id: &str) -> Driver<'a> {
        Driver {
            sandbox: self.sandbox,
            account: self.account.clone(),
            agent: self.agent.clone(),
            app_jwt: self.app_jwt.clone(),
            consumer_jws: self.consumer(ext_consumer_id),
        }
    }

    pub fn identify(&self, body: &str) -> Reply {
        let url = self.url("/api/account/{account}/consumer?v=1.0");
        call(&self.agent, "POST", &url, &[("Authorization", &self.app_jwt)], body.as_bytes())
            .expect("an answer")
    }

    pub fn try_post(&self, path: &str, body: &[u8]) -> Result<Reply, ureq::Error> {
        let headers = [("Authorization", &*self.app_jwt), ("X-LP-ON-BEHALF", &*self.consumer_jws)];
        call(&self.agent, "POST", &self.url(path), &headers, body)
    }

    pub fn batch(&self, body: &Value) -> Reply {
        let path = "/api/account/{account}/messaging/consumer/conversation?v=3";
        self.try_post(path, body.to_string().as_bytes()).expect("an answer")
    }

    pub fn try_send(&self, body: &Value) -> Result<Reply, ureq::Error> {
        let path = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
        self.try_post(path, body.to_string().as_bytes())
    }

    pub fn send(&self, body: &Value) -> Reply {
        self.try_send(body).expect("an answer")
    }

    /// Asks for the URL of an upload or a download.
    pub fn file_url(&self, kind: &str, body: Value) -> Reply {
        let kind = format!("ms.GenerateURLFor{kind}File");
        self.send(&json!({"kind": "req", "id": 3, "type": kind, "body": body}))
    }

    /// Uploads a file as a client does, and gives back its relativePath.
    pub fn upload(&self, file_type: &str, bytes: &[u8]) -> String {
        let body = json!({"fileSize": bytes.len().to_string(), "fileType": file_type});
        let reply = self.file_url("Upload", body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let stored = self.store("PUT", &reply.json()["body"], &[], bytes);
        assert_eq!(stored.status, 201, "{}", stored.text);
        reply.json()["body"]["relativePath"].as_str().expect("a path").to_owned()
    }

    /// Goes to the storage with the answer of a request for a URL.
    pub fn store(
        &self,
        method: &str,
        url: &Value,
        headers: &[(&str, &str)],
        bytes: &[u8],
    ) -> Reply {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let url = format!(
            "{}?temp_url_sig={}&temp_url_expires={}",
            text(&url["relativePath"]),
            text(&url["queryParams"]["temp_url_sig"]),
            text(&url["queryParams"]["temp_url_expires"])
        );
        call(&self.agent, method, &self.url(&url), headers, bytes).expect("an answer")
    }

    /// A batch that is in order, without and with a first message.
    pub fn opening(&self) -> Value {
        json!([
            {"kind": "req", "id": "1", "type": "userprofile.SetUserProfile", "body": {}},
            {"kind": "req", "id": "2", "type": "cm.ConsumerRequestConversation",
             "body": {"brandId": self.account.id}},
        ])
    }

    pub fn opening_with(&self, message: Value) -> Value {
        let mut batch = self.opening();
        batch.as_array_mut().expect("an array").push(message);
        batch
    }

    /// Opens a conversation and gives back its id.
    pub fn open(&self) -> String {
        let reply = self.batch(&self.opening());
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()[1]["body"]["conversationId"].as_str().expect("a conversation").to_owned()
    }

    /// The only conversation there is.
    pub fn conversation(&self) -> Value {
        let mut conversations = self.sandbox.conversations(&self.account.id);
        assert_eq!(conversations.len(), 1);
        conversations.remove(0)
    }
}

/// A request that publishes an event.
pub fn event(dialog_id: &str, event: Value) -> Value {
    json!({"kind": "req", "id": "7", "type": "ms.PublishEvent",
           "body": {"dialogId": dialog_id, "event": event}})
}

/// A request that publishes a text.
pub fn text(dialog_id: &str, text: &str) -> Value {
    let content = json!({"type": "ContentEvent", "contentType": "text/plain", "message": text});
    event(dialog_id, content)
}

/// A file as the message of an event.
pub fn hosted(file: Value) -> Value {
    json!({"type": "ContentEvent", "contentType": "hosted/file", "message": file})
}

/// A request that updates a field.
pub fn field(conversation_id: &str, field: Value) -> Value {
    json!({"kind": "req", "id": "8", "type": "cm.UpdateConversationField",
           "body": {"conversationId": conversation_id, "conversationField": field}})
}

/// A request that closes a conversation.
pub fn close(conversation_id: &str) -> Value {
    let state = json!({"field": "ConversationStateField", "conversationState": "CLOSE"});
    field(conversation_id, state)
}
