//! The driver that calls the core.

use lpconnector::{
    AttachOptions, Attachment, Client, Config, Consumer, Conversation, Error, Event, Metadata,
    OpenOptions, Profile, Response,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::driver::{Driver, bytes};

#[derive(Default)]
pub struct Rust {
    consumer: Option<Consumer>,
    conversation: Option<Conversation>,
}

impl Driver for Rust {
    fn call(&mut self, call: &str, args: &Map<String, Value>) -> Result<Value, String> {
        self.perform(call, &Args(args)).map(|outcome| match outcome {
            Ok(result) => json!({ "result": result }),
            Err(error) => json!({ "error": described(&error) }),
        })
    }
}

impl Rust {
    /// The outer error is one of the case, the inner one is the core's.
    fn perform(&mut self, call: &str, args: &Args) -> Result<Result<Value, Error>, String> {
        if call == "client" {
            let consumer = client(args)?.consumer("John_Doe_facebook12345");
            self.consumer = Some(consumer.map_err(|error| error.to_string())?);
            self.conversation = None;
            return Ok(Ok(json!({})));
        }
        let consumer = self.consumer.as_ref().ok_or("there is no consumer")?;
        match call {
            "lp_id" => return Ok(consumer.lp_id().map(|id| json!({ "lp_id": id }))),
            "open" | "attach" => {
                let outcome = match call {
                    "open" => open(consumer, args)?,
                    _ => attach(consumer, args)?,
                };
                return Ok(outcome.map(|conversation| {
                    let ids = json!({
                        "conversation_id": conversation.id(),
                        "dialog_id": conversation.dialog_id(),
                    });
                    self.conversation = Some(conversation);
                    ids
                }));
            }
            _ => {}
        }
        let response = match call {
            "send_json" => consumer.send_json(&args.bytes("json")?),
            "batch_json" => consumer.batch_json(&args.bytes("json")?),
            _ => send(self.conversation.as_ref().ok_or("there is no conversation")?, call, args)?,
        };
        Ok(response.map(|response| answered(&response)))
    }
}

fn client(args: &Args) -> Result<Client, String> {
    let mut config = Config::new();
    for key in args.0.keys() {
        config.set(key, &args.text(key)?).map_err(|error| error.to_string())?;
    }
    Client::new(&config).map_err(|error| error.to_string())
}

fn open(consumer: &Consumer, args: &Args) -> Result<Result<Conversation, Error>, String> {
    let options = args
        .some("options_json")?
        .map_or(Ok(OpenOptions::new()), |json| OpenOptions::from_json(&json));
    Ok(options.and_then(|options| consumer.open(&options)))
}

fn attach(consumer: &Consumer, args: &Args) -> Result<Result<Conversation, Error>, String> {
    let id = args.text("conversation_id")?;
    let options = args
        .some("options_json")?
        .map_or(Ok(AttachOptions::new()), |json| AttachOptions::from_json(&json));
    Ok(options.and_then(|options| consumer.attach(&id, &options)))
}

fn send(
    conversation: &Conversation,
    call: &str,
    args: &Args,
) -> Result<Result<Response, Error>, String> {
    let metadata = args.some("metadata_json")?.map(|json| Metadata::from_json(&json)).transpose();
    let metadata = match &metadata {
        Ok(metadata) => metadata.as_ref(),
        Err(error) => return Ok(Err(error.clone())),
    };
    Ok(match call {
        "send_text" => conversation.send_text(&args.text("text")?),
        "send_event" => Event::from_json(&args.text("event_json")?)
            .and_then(|event| conversation.send_event(&event, metadata)),
        "send_rich_content" => {
            conversation.send_rich_content(&args.text("content_json")?, metadata)
        }
        "send_chat_state" => conversation.send_chat_state(args.text("state")?.as_str().into()),
        "send_accept_status" => {
            let sequences: Vec<i64> = args.read("sequences")?;
            conversation.send_accept_status(
                args.text("status")?.as_str().into(),
                &sequences,
                metadata,
            )
        }
        "send_file_bytes" => {
            let data = args.bytes("data")?;
            let file = Attachment::from_bytes(&data, args.text("file_type")?);
            let file = match args.some("options_json")? {
                Some(json) => file.with_options(&json),
                None => Ok(file),
            };
            file.and_then(|file| conversation.send_file(&file))
        }
        "set_profile" => Profile::from_json(&args.text("profile_json")?)
            .and_then(|profile| conversation.set_profile(&profile)),
        "rate" => conversation.rate(
            args.read("stars")?,
            args.read("resolved")?,
            args.text("status")?.as_str().into(),
        ),
        "set_ttr" => {
            let seconds: i64 = args.read("seconds")?;
            let seconds = (seconds != -1).then_some(seconds);
            conversation.set_ttr(args.text("ttr")?.as_str(), seconds)
        }
        "close" => conversation.close(),
        "close_stage" => conversation.close_stage(),
        "close_dialog" => conversation.close_dialog(&args.text("dialog_id")?),
        other => return Err(format!("there is no call {other}")),
    })
}

fn answered(response: &Response) -> Value {
    let body: Value = serde_json::from_str(response.body()).unwrap_or("no JSON".into());
    json!({
        "request_id": response.request_id(),
        "http_status": response.http_status(),
        "code": response.code(),
        "sequence": response.sequence(),
        "body": body,
        "raw": String::from_utf8_lossy(response.raw()),
        "attempts": response.attempts(),
    })
}

fn described(error: &Error) -> Value {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "status": status_name(error),
        "message": error.message(),
        "http_status": Some(error.http_status()).filter(|status| *status != 0),
        "service_code": Some(error.service_code()).filter(|code| *code != 0),
        "title": some(error.title()),
        "details": some(error.details()),
        "request_id": some(error.request_id()),
        "attempts": error.attempts(),
        "is_retryable": error.is_retryable(),
        "maybe_delivered": error.maybe_delivered(),
        "retry_after_ms": error.retry_after_ms(),
        "body": String::from_utf8_lossy(error.body()),
    })
}

/// `InvalidArgument` as `INVALID_ARGUMENT`.
fn status_name(error: &Error) -> String {
    let mut name = String::new();
    for c in format!("{:?}", error.status()).chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

/// The arguments of a call.
struct Args<'a>(&'a Map<String, Value>);

impl Args<'_> {
    fn get(&self, name: &str) -> Result<&Value, String> {
        self.0.get(name).ok_or_else(|| format!("the argument {name} is missing"))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        bytes(self.get(name)?)
    }

    fn text(&self, name: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(name)?).map_err(|_| format!("{name} is not UTF-8"))
    }

    fn some(&self, name: &str) -> Result<Option<String>, String> {
        self.0.get(name).map(|_| self.text(name)).transpose()
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        serde_json::from_value(self.get(name)?.clone()).map_err(|why| format!("{name}: {why}"))
    }
}
