//! What is written: changes, each of which happens as a whole or not at all.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::notification::Notification;

/// The account, and the dialog or, where it has no name, the conversation.
pub(crate) type DialogKey = (String, String);

/// A hash by which something is known again.
pub(crate) type Fingerprint = [u8; 32];

/// Something to write as a whole.
pub(crate) struct Change {
    pub steps: Vec<Step>,
    pub safety: Safety,
}

/// What a change needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Something new: it must survive the machine, and must leave room for what removes it.
    New,
    /// It must survive the machine, and is written as long as there is any room.
    Mark,
    /// It need only survive the process: where the machine ends, it is as if it had not happened yet.
    Done,
}

/// One step of a change.
pub(crate) enum Step {
    /// What came before it is written with it.
    Nothing,
    Notification {
        id: u64,
        notification: Arc<Notification>,
        /// None: nothing tells it from others.
        fingerprint: Option<Fingerprint>,
    },
    /// It was dealt with, and its dialogs go on there.
    NotificationDone {
        id: u64,
        dialogs: Vec<(DialogKey, i64)>,
    },
    Action {
        id: u64,
        consumer: Arc<str>,
        key: Option<Box<str>>,
        body: Arc<str>,
        submitted_ms: i64,
        /// It goes out at once, so that nobody knows later whether it did.
        begun: bool,
    },
    ActionBegun {
        id: u64,
        begun: bool,
    },
    /// It was done, or never will be.
    ActionDone {
        id: u64,
    },
    File {
        /// Of its action.
        id: u64,
        file: KeptFile,
    },
    /// A key that is known again until its time is over.
    Key {
        id: u64,
        fingerprint: Fingerprint,
        at_ms: i64,
    },
    /// No key from before this one is known any more.
    KeysDone {
        before: u64,
    },
    Update {
        id: u64,
        consumer: Arc<str>,
        body: Arc<str>,
        /// The action that it is about.
        of: Option<u64>,
    },
    UpdateDone {
        id: u64,
    },
    Consumer {
        consumer: Arc<str>,
        /// None: nothing needs to be known of it any more.
        body: Option<String>,
    },
    /// The same, where other processes may have changed what is known.
    Learn {
        consumer: Arc<str>,
        edit: Edit,
    },
    /// Where the notification of this change belongs, in a store that several processes share. No consumer:
    /// nobody knows yet.
    Place {
        consumer: Option<Arc<str>>,
        about: About,
    },
    /// The service told of a message of the consumer's, in a store that several processes share.
    Said {
        consumer: Arc<str>,
        said: Said,
    },
}

/// Makes of what is known of a consumer what is known now. None: the same.
pub(crate) type Edit = Arc<dyn Fn(Option<&str>) -> Option<Edited> + Send + Sync>;

/// What is known of a consumer.
pub(crate) struct Edited {
    pub body: String,
    /// The conversations and dialogs that lead to the consumer.
    pub ids: Vec<String>,
    /// What the service calls the consumer.
    pub lp_id: String,
}

/// Whom an event is about, and where in the dialogs it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    /// Where that is known already.
    #[serde(skip)]
    pub consumer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub conversation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dialog: String,
    /// The service's name of the consumer, where it says that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lp_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// The dialogs of which it says that something is over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closes: Vec<String>,
}

/// A message of the consumer's that the service knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    pub dialog: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    pub external_id: String,
}

impl About {
    /// The dialog; the conversation where it does not say.
    pub(crate) fn dialog_id(&self) -> &str {
        if self.dialog.is_empty() { &self.conversation } else { &self.dialog }
    }
}

/// The file of an action, and its preview.
#[derive(Clone)]
pub(crate) struct KeptFile {
    pub bytes: Arc<[u8]>,
    pub preview: Option<Arc<[u8]>>,
}

impl KeptFile {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.preview.as_ref().map_or(0, |preview| preview.len())
    }
}

impl Change {
    pub(crate) fn new(steps: Vec<Step>) -> Change {
        Change { steps, safety: Safety::New }
    }

    pub(crate) fn mark(step: Step) -> Change {
        Change { steps: vec![step], safety: Safety::Mark }
    }

    pub(crate) fn done(steps: Vec<Step>) -> Change {
        Change { steps, safety: Safety::Done }
    }

    /// Whether it only follows what came before it.
    pub(crate) fn is_nothing(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Nothing))
    }

    /// How many bytes its longest entry has, and all.
    pub(crate) fn length(&self) -> (u64, u64) {
        let lengths = self.steps.iter().map(Step::length);
        lengths.fold((0, 0), |(longest, all), one| (one.max(longest), all + one))
    }
}

impl Step {
    fn length(&self) -> u64 {
        let length = match self {
            Step::Notification { notification, .. } => notification.raw().len(),
            Step::Action { body, consumer, .. } | Step::Update { body, consumer, .. } => {
                body.len() + consumer.len()
            }
            Step::File { file, .. } => file.len(),
            Step::Consumer { body, .. } => body.as_ref().map_or(0, String::len),
            _ => 0,
        };
        length as u64
    }
}
