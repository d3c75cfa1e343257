//! The drivers: who performs a call in one of the languages.
//!
//! All take the same calls and give the same outcomes: `{"result":{…}}` or `{"error":{…}}`, where
//! null stands for whatever there is none of.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Map, Value, json};

/// Performs calls in one language. `client` makes a new client with these options, and its consumer;
/// the others are functions of the API, their arguments those of the C ABI.
pub trait Driver {
    fn call(&mut self, call: &str, args: &Map<String, Value>) -> Result<Value, String>;
}

/// A program that answers each line with a line.
struct Lines {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Lines {
    fn start(command: &mut Command) -> Lines {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{command:?} does not start: {why}"));
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Lines { child, input, output: BufReader::new(output) }
    }

    fn ask(&mut self, mut line: String) -> Result<String, String> {
        line.push('\n');
        let broken = |why| format!("the driver is gone: {why}");
        self.input.as_mut().unwrap().write_all(line.as_bytes()).map_err(broken)?;
        let mut answer = Vec::new();
        self.output.read_until(b'\n', &mut answer).map_err(broken)?;
        if answer.pop() != Some(b'\n') {
            return Err("the driver is gone".to_owned());
        }
        String::from_utf8(answer).map_err(|_| "the driver's answer is not UTF-8".to_owned())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // Its input ends, and so does the driver.
        self.input = None;
        let ended = self.child.wait().unwrap();
        if !std::thread::panicking() {
            assert!(ended.success(), "the driver ended with {ended}");
        }
    }
}

/// `tests/python/vector_driver.py`: JSON both ways.
pub struct Python(Lines);

impl Python {
    pub fn start(command: &mut Command) -> Python {
        Python(Lines::start(command))
    }
}

impl Driver for Python {
    fn call(&mut self, call: &str, args: &Map<String, Value>) -> Result<Value, String> {
        let answer = self.0.ask(json!({"call": call, "args": args}).to_string())?;
        serde_json::from_str(&answer).map_err(|why| format!("{why}: {answer}"))
    }
}

/// `tests/c/vectors.c`: the name of the call, then `name=value` for each argument, tabs between
/// them, and %XX in the values. Values that are JSON go as their text.
pub struct C(Lines);

impl C {
    pub fn start(command: &mut Command) -> C {
        C(Lines::start(command))
    }
}

impl Driver for C {
    fn call(&mut self, call: &str, args: &Map<String, Value>) -> Result<Value, String> {
        let mut line = call.to_owned();
        for (name, value) in args.iter().filter(|(_, value)| !value.is_null()) {
            let bytes: String = bytes(value)?.iter().map(|byte| format!("%{byte:02x}")).collect();
            line.push_str(&format!("\t{name}={bytes}"));
        }
        let answer = self.0.ask(line)?;
        let mut fields = answer.split('\t');
        let kind = fields.next().unwrap_or_default();
        let outcome: Result<Map<String, Value>, String> = fields
            .map(|field| {
                let (name, value) = field.split_once('=').ok_or_else(|| answer.clone())?;
                let text = String::from_utf8_lossy(&hex(&value.replace('%', ""))?).into_owned();
                Ok((name.to_owned(), typed(kind, name, text)?))
            })
            .collect();
        Ok(json!({ kind: outcome? }))
    }
}

/// A value of the C ABI, which has 0, -1 and the empty text where there is none.
fn typed(kind: &str, name: &str, text: String) -> Result<Value, String> {
    let number = || text.parse::<i64>().map_err(|_| format!("{name} is no number: {text}"));
    Ok(match (kind, name) {
        ("error", "http_status" | "service_code") => Some(number()?).filter(|n| *n != 0).into(),
        (_, "sequence" | "retry_after_ms") => Some(number()?).filter(|n| *n != -1).into(),
        (_, "http_status" | "attempts") => number()?.into(),
        ("error", "title" | "details" | "request_id") => {
            Some(text).filter(|text| !text.is_empty()).into()
        }
        (_, "is_retryable" | "maybe_delivered") => (number()? == 1).into(),
        ("result", "body") => {
            serde_json::from_str(&text).map_err(|why| format!("{why}: {text}"))?
        }
        _ => text.into(),
    })
}

/// An argument as bytes: text as it is, `{"$hex":"ff"}` as what it says, other JSON as its text.
pub fn bytes(value: &Value) -> Result<Vec<u8>, String> {
    match (value, value.get("$hex").and_then(Value::as_str)) {
        (_, Some(digits)) => hex(digits),
        (Value::String(text), _) => Ok(text.clone().into_bytes()),
        (json, _) => Ok(json.to_string().into_bytes()),
    }
}

/// The bytes that hexadecimal digits stand for.
pub fn hex(digits: &str) -> Result<Vec<u8>, String> {
    let byte = |at| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    (0..digits.len())
        .step_by(2)
        .map(|at| byte(at).ok_or_else(|| format!("not hexadecimal: {digits}")))
        .collect()
}
