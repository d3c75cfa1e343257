//! `lpc send`.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use lpconnector::{
    AttachOptions, Attachment, Client, Conversation, Error, OpenOptions, Response, Status,
};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, of_error};
use crate::output::Output;
use crate::settings::Settings;

/// Send a text or a file as a consumer, in a conversation that it opens or in one that is there
///
/// Agents see it: take a consumer of your own. It prints the ids of the conversation and its dialog, and
/// what became of each message.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The consumer, by the id that your channel has for it
    consumer: String,
    /// The text; `-` reads it from the standard input
    #[arg(required_unless_present_any = ["file", "close"])]
    text: Option<String>,
    /// Go on with this conversation; without it, one is opened
    #[arg(long, value_name = "CONVERSATION")]
    attach: Option<String>,
    /// In this dialog of it, such as a survey
    #[arg(long, value_name = "DIALOG", requires = "attach")]
    dialog: Option<String>,
    /// Open it with these options: the JSON of lpc_conversation_open, for example
    /// `{"skillId":"4711"}`
    #[arg(long, value_name = "JSON", conflicts_with = "attach")]
    open: Option<String>,
    /// Send this file, after the text
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Close the conversation at the end
    #[arg(long)]
    close: bool,
}

/// A text on the standard input; the service takes far less.
const MOST: u64 = 1024 * 1024;

pub(crate) fn run(
    arguments: &Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<Exit, Failure> {
    let config = settings.over(&[])?;
    let text = arguments.text.as_deref().map(whole_text).transpose()?;
    if let Some(path) = &arguments.file {
        // Before anybody hears of a conversation.
        File::open(path)
            .map_err(|why| Failure::Usage(format!("cannot read {}: {why}", path.display())))?;
    }
    let client = Client::new(&config)?;
    let conversation = begin(arguments, &client).map_err(with_advice)?;
    let mut told = Told::of(&conversation, arguments.attach.is_none());
    let sent = send(arguments, &conversation, text.as_deref(), &mut told);
    if let Err(error) = &sent {
        told.json["error"] = of_error(error);
    }
    match output.line(&told.lines.join("\n"), &told.json) {
        // That nobody is told changes nothing about what was sent.
        Ok(()) | Err(Failure::NobodyReads) => {}
        Err(why) => {
            why.tell(output);
            return Ok(Exit::Unknown);
        }
    }
    match sent {
        Ok(()) => Ok(Exit::Done),
        Err(error) if output.json => Ok(Exit::of(&error)),
        Err(error) => Err(error.into()),
    }
}

fn begin(arguments: &Arguments, client: &Client) -> Result<Conversation, Error> {
    let consumer = client.consumer(&arguments.consumer)?;
    let Some(id) = &arguments.attach else {
        let options = arguments.open.as_deref().map(OpenOptions::from_json);
        return consumer.open(&options.transpose()?.unwrap_or_default());
    };
    let options = AttachOptions::new();
    consumer.attach(
        id,
        &match &arguments.dialog {
            Some(dialog) => options.dialog_id(dialog),
            None => options,
        },
    )
}

fn send(
    arguments: &Arguments,
    conversation: &Conversation,
    text: Option<&str>,
    told: &mut Told,
) -> Result<(), Error> {
    if let Some(text) = text {
        told.sent("text", &conversation.send_text(text)?);
    }
    if let Some(path) = &arguments.file {
        told.sent("file", &conversation.send_file(&Attachment::from_path(path))?);
    }
    if arguments.close {
        told.sent("closed", &conversation.close()?);
    }
    Ok(())
}

/// What the service says of it helps only who knows where to look.
fn with_advice(error: Error) -> Failure {
    if error.status() != Status::AlreadyOpen {
        return error.into();
    }
    let message = format!(
        "{error}. Go on with it by --attach: notifications have its id, and `lpc listen` shows them"
    );
    Failure::Refused(Box::new(error), message)
}

fn whole_text(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|why| Failure::Here(format!("cannot read the standard input: {why}")))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::Usage(format!("the text has more than {MOST} bytes")));
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| Failure::Usage("the text on the standard input is not UTF-8".to_owned()))?;
    // What `echo` and editors put behind it.
    if text.ends_with('\n') {
        text.pop();
    }
    if text.is_empty() {
        return Err(Failure::Usage("the text on the standard input is empty".to_owned()));
    }
    Ok(text)
}

/// What happened, for a person and for a program.
struct Told {
    lines: Vec<String>,
    json: Value,
}

impl Told {
    fn of(conversation: &Conversation, opened: bool) -> Told {
        let (id, dialog) = (conversation.id(), conversation.dialog_id());
        let how = if opened { "opened" } else { "there" };
        Told {
            lines: vec![format!("conversation {id} ({how})"), format!("dialog {dialog}")],
            json: json!({
                "conversation_id": id,
                "dialog_id": dialog,
                "opened": opened,
                "sent": [],
            }),
        }
    }

    fn sent(&mut self, what: &str, response: &Response) {
        let (request, attempts) = (response.request_id(), response.attempts());
        let sequence = response.sequence();
        let numbered = sequence.map(|it| format!("sequence {it}, ")).unwrap_or_default();
        let often =
            if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
        self.lines.push(format!("{what}: {numbered}request {request}, {often}"));
        if let Some(sent) = self.json["sent"].as_array_mut() {
            sent.push(json!({
                "what": what,
                "sequence": sequence,
                "request_id": request,
                "attempts": attempts,
            }));
        }
    }
}
