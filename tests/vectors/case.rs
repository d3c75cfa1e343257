//! The cases as they stand in the files.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One call, what must go out for it, and what must come back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(skip)]
    pub file: String,
    pub name: String,
    #[serde(default = "every_language")]
    pub languages: Vec<String>,
    /// Options of the client, over those of the sandbox.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// What is done before, in place of the usual.
    pub before: Option<Vec<Step>>,
    pub call: String,
    #[serde(default)]
    pub args: Map<String, Value>,
    /// What the sandbox answers to the call, by route.
    #[serde(default)]
    pub answers: BTreeMap<String, Vec<Canned>>,
    pub requests: Vec<Expected>,
    pub result: Option<Map<String, Value>>,
    pub error: Option<Map<String, Value>>,
}

/// A call that must succeed, or something that happens at the service.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Step {
    Call {
        call: String,
        #[serde(default)]
        args: Map<String, Value>,
    },
    Sandbox {
        sandbox: String,
    },
}

/// An answer in place of the real one.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Canned {
    Status {
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Text, or JSON that becomes text.
        #[serde(default)]
        body: Value,
    },
    Broken {
        broken: String,
    },
}

/// A request that must go out. Without `body`, `raw` and `hex` it has no body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub route: String,
    /// That of CONVERSATION and SEND is known.
    pub method: Option<String>,
    /// Path and query; those of CONVERSATION and SEND are known.
    pub path: Option<String>,
    /// JSON, compared by structure.
    pub body: Option<Value>,
    /// Text, compared byte for byte.
    pub raw: Option<String>,
    /// Bytes.
    pub hex: Option<String>,
    /// The JSON of the Client-Properties header; without it, there is none.
    pub client_properties: Option<Value>,
}

fn every_language() -> Vec<String> {
    ["rust", "c", "python"].map(str::to_owned).to_vec()
}

/// The cases of all files, each name once.
pub fn all() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    let mut names = HashSet::new();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let read: Vec<Value> =
            serde_json::from_str(&text).unwrap_or_else(|why| panic!("{file}: {why}"));
        assert!(!read.is_empty(), "{file} holds no case");
        for case in read {
            let name = case["name"].to_string();
            assert!(names.insert(name.clone()), "{file}: there are two cases {name}");
            let case: Case = serde_json::from_value(written_out(case))
                .unwrap_or_else(|why| panic!("{file}: {name}: {why}"));
            let outcomes = usize::from(case.result.is_some()) + usize::from(case.error.is_some());
            assert!(outcomes == 1, "{file}: {name} has a result or an error");
            cases.push(Case { file: file.clone(), ..case });
        }
    }
    cases
}

/// Writes out what is short for a long text: `{"$repeat": ["é", 5000]}`.
fn written_out(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(written_out).collect(),
        Value::Object(members) => {
            if let Some([Value::String(part), count]) =
                members.get("$repeat").and_then(Value::as_array).map(Vec::as_slice)
            {
                let count = count.as_u64().and_then(|count| count.try_into().ok()).unwrap();
                return part.repeat(count).into();
            }
            members.into_iter().map(|(name, value)| (name, written_out(value))).collect()
        }
        plain => plain,
    }
}
