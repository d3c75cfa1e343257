//! The sections of the header, in the order in which a reader needs them.

pub struct Chapter {
    /// Its name for Doxygen.
    pub id: &'static str,
    pub title: &'static str,
    /// What a reader should know before the first function.
    pub about: &'static str,
    /// What the names of its types and functions begin with.
    pub names: &'static [&'static str],
    /// Its numbers.
    pub numbers: &'static [Numbers],
}

pub struct Numbers {
    pub about: &'static str,
    /// The name of their type; "" where that is a plain integer.
    pub of_type: &'static str,
    /// What their names begin with.
    pub prefix: &'static str,
}

const fn numbers(about: &'static str, of_type: &'static str, prefix: &'static str) -> Numbers {
    Numbers { about, of_type, prefix }
}

/// The first one that a library lacks which was built for sending alone; so do all after it.
pub const FIRST_THAT_RECEIVES: &str = "receiver";

pub const CHAPTERS: [Chapter; 12] = [
    Chapter {
        id: "version",
        title: "Version",
        about: "Which library this is, and which header. As long as the number of the ABI is the same, a \
                program runs with a newer library than it was built with.",
        names: &["lpc_version", "lpc_abi_version"],
        numbers: &[],
    },
    Chapter {
        id: "error",
        title: "Errors and statuses",
        about: "A call that fails returns a status, and gives an error that tells more: a sentence for a \
                person, what the service said, and whether trying again may help.",
        names: &["lpc_error"],
        numbers: &[numbers("The outcome of a call", "lpc_status", "LPC_")],
    },
    Chapter {
        id: "config",
        title: "Configuration",
        about: "A program begins here: lpc_config_new(), options one by one, from the environment or from a \
                file, and then what is made of them: a connector, a client, or a receiver. Those copy what \
                they need, so that the configuration may be freed at once.",
        names: &["lpc_config"],
        numbers: &[],
    },
    Chapter {
        id: "log",
        title: "Log",
        about: "What the library does, line by line, given to a function of the program. Without one nothing \
                is logged.",
        names: &["lpc_log", "lpc_config_set_log_callback"],
        numbers: &[numbers("How much a line matters", "lpc_log_level", "LPC_LOG_LEVEL_")],
    },
    Chapter {
        id: "client",
        title: "Client",
        about: "An account, for programs that send each request themselves. It finds the account's services, \
                obtains the tokens, and keeps connections; one is enough for a whole program. A connector \
                has one of its own.",
        names: &["lpc_client"],
        numbers: &[],
    },
    Chapter {
        id: "consumer",
        title: "Consumer",
        about: "Who talks to the business: made with the id by which the program knows them. From a consumer \
                come conversations.",
        names: &["lpc_consumer"],
        numbers: &[],
    },
    Chapter {
        id: "conversation",
        title: "Conversation",
        about: "What a consumer and the agents say to each other. It is opened, or attached to when it was \
                opened earlier; then texts, rich content, files and all else go out, and at last it is closed.",
        names: &["lpc_conversation", "lpc_progress_fn"],
        numbers: &[
            numbers("What the consumer is doing", "lpc_chat_state", "LPC_CHAT_STATE_"),
            numbers("What became of a message", "lpc_accept_status", "LPC_ACCEPT_STATUS_"),
            numbers("How far a rating was filled in", "lpc_csat_status", "LPC_CSAT_STATUS_"),
        ],
    },
    Chapter {
        id: "response",
        title: "Response",
        about: "What the service answered. Calls that send give one to those who want it; who does not passes \
                NULL.",
        names: &["lpc_response"],
        numbers: &[],
    },
    Chapter {
        id: "notification",
        title: "Webhooks and notifications",
        about: "What the service posts to a webhook: check the signature, read the body, and go through its \
                events. A receiver and a connector do the first two.",
        names: &["lpc_webhook", "lpc_notification", "lpc_event"],
        numbers: &[numbers("What an event is about", "", "LPC_EVENT_KIND_")],
    },
    Chapter {
        id: FIRST_THAT_RECEIVES,
        title: "Receiver",
        about: "An endpoint for webhooks inside the program. It listens, checks signatures, drops what comes \
                twice and queues; the program polls, deals with each notification, and acknowledges it.",
        names: &["lpc_receiver"],
        numbers: &[],
    },
    Chapter {
        id: "update",
        title: "Update",
        about: "What a connector tells the program: an action was sent or failed, an agent did something, a \
                conversation began or ended.",
        names: &["lpc_update"],
        numbers: &[numbers("What an update is about", "", "LPC_UPDATE_KIND_")],
    },
    Chapter {
        id: "connector",
        title: "Connector",
        about: "A whole channel, and the place to begin for most programs: submit what consumers say, poll \
                for what agents answer, acknowledge that. It keeps both until they are done, in the store \
                that connector.store names.",
        names: &["lpc_connector"],
        numbers: &[],
    },
];
