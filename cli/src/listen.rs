//! `lpc listen`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use lpconnector::{EventKind, Notification, NotificationEvent, Receiver, Status};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::readable::readable;
use crate::settings::Settings;

/// Listen for notifications and print what happens, an event a line
///
/// It is a receiver with the options receiver.*, and listens at receiver.listen. The service is told that
/// a notification arrived once its lines are out. Ctrl-C ends it. With --json a line is a notification
/// as it came, which `lpc replay-webhook` takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// End after so many notifications
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// After how long Ctrl-C is looked for.
const SLICE: Duration = Duration::from_millis(100);

pub(crate) fn run(
    arguments: &Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<Exit, Failure> {
    // What nobody could print is to come again.
    let config = settings.over(&[("receiver.ack", "manual")])?;
    let ended = interruption()?;
    let receiver = Receiver::new(&config)?;
    say(&format!("listening at {}; Ctrl-C ends it", receiver.url()));
    let listened = listen(arguments, &receiver, &ended, output);
    receiver.shutdown();
    listened.map(|()| Exit::Done)
}

fn listen(
    arguments: &Arguments,
    receiver: &Receiver,
    ended: &AtomicBool,
    output: &Output,
) -> Result<(), Failure> {
    let mut left = arguments.count.unwrap_or(u64::MAX);
    while left > 0 && !ended.load(Ordering::SeqCst) {
        let Some(notification) = receiver.poll(SLICE)? else { continue };
        print(&notification, output)?;
        match receiver.ack(&notification) {
            // Too late for the service: it comes again.
            Err(why) if why.status() == Status::Closed => {}
            acknowledged => acknowledged?,
        }
        left -= 1;
    }
    Ok(())
}

fn print(notification: &Notification, output: &Output) -> Result<(), Failure> {
    if output.json {
        return output.bytes(&one_line(notification));
    }
    for event in notification.events() {
        output.bytes(line(event).as_bytes())?;
    }
    Ok(())
}

/// The notification as it came, but for line feeds, which JSON has between its values alone.
fn one_line(notification: &Notification) -> Vec<u8> {
    let raw = notification.raw();
    if serde_json::from_slice::<&serde_json::value::RawValue>(raw).is_err() {
        return json!({ "unreadable": String::from_utf8_lossy(raw) }).to_string().into_bytes();
    }
    raw.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}

/// Where, who, what.
fn line(event: &NotificationEvent) -> String {
    let what = match event.kind() {
        EventKind::Text | EventKind::RichContent => event.text().to_owned(),
        EventKind::File => format!("[file] {}", event.text()),
        EventKind::Conversation if event.is_closed() => "[conversation] CLOSE".to_owned(),
        EventKind::Conversation => format!("[conversation] {}", event.state()),
        EventKind::ChatState => format!("[chat state] {}", event.state()),
        EventKind::AcceptStatus => format!("[accept status] {}", event.state()),
        _ if event.text().is_empty() => format!("[other] {}", event.json()),
        _ => event.text().to_owned(),
    };
    let place = if event.conversation_id().is_empty() {
        event.dialog_id()
    } else {
        event.conversation_id()
    };
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { readable(text) };
    let who = or_dash(event.originator_role());
    format!("{}  {who}  {}", or_dash(place), readable(what.trim_end()))
}

/// Becomes true at Ctrl-C and where the system asks for an end.
fn interruption() -> Result<Arc<AtomicBool>, Failure> {
    let ended = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, ended.clone())
            .map_err(|why| Failure::Here(format!("cannot wait for signals: {why}")))?;
    }
    Ok(ended)
}
