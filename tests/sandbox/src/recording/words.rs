//! The words of the protocol: what a recording shows as it is.

/// Members whose texts are the protocol's own, or ids and names that say nothing of a person.
const MEMBERS: [&str; 53] = [
    "account",
    "accountId",
    "account_id",
    "alg",
    "appInstallId",
    "baseURI",
    "brandId",
    "campaignId",
    "channelType",
    "chatState",
    "closeReason",
    "closedBy",
    "code",
    "contentType",
    "convId",
    "conversationId",
    "conversationState",
    "deviceFamily",
    "dialogId",
    "dialogType",
    "e",
    "engagementId",
    "error",
    "errorCode",
    "features",
    "field",
    "fileSize",
    "fileType",
    "integration",
    "internalErrorCode",
    "kid",
    "kind",
    "kty",
    "lang",
    "messageAudience",
    "n",
    "originatorId",
    "os",
    "relativePath",
    "reqId",
    "role",
    "service",
    "skillId",
    "stage",
    "state",
    "status",
    "temp_url_expires",
    "token_type",
    "ttrDefName",
    "ttrType",
    "type",
    "typ",
    "use",
];

/// Those of them that mean the same in what others write.
const EVERYWHERE: [&str; 4] = ["contentType", "fileType", "relativePath", "type"];

/// Members of an event, a request or a notification that hold what others write, by names of their own.
const PRIVATE: [&str; 5] = ["content", "context", "message", "metadata", "quickReplies"];

/// Headers whose values are shown.
const HEADERS: [&str; 10] = [
    "accept",
    "allow",
    "content-type",
    "date",
    "retry-after",
    "server",
    "user-agent",
    "via",
    "www-authenticate",
    "x-lp-version",
];

/// Parameters of queries and forms whose values are shown.
const PARAMETERS: [&str; 4] = ["grant_type", "temp_url_expires", "v", "version"];

pub(crate) fn is_member(name: &str) -> bool {
    MEMBERS.contains(&name)
}

pub(crate) fn is_everywhere(name: &str) -> bool {
    EVERYWHERE.contains(&name)
}

pub(crate) fn is_private(name: &str) -> bool {
    PRIVATE.contains(&name)
}

/// Members that hold sentences of the service.
const SENTENCES: [&str; 4] = ["closedCause", "details", "error_description", "msg"];

pub(crate) fn is_sentence(name: &str) -> bool {
    SENTENCES.contains(&name)
}

pub(crate) fn is_header(name: &str) -> bool {
    HEADERS.contains(&name)
}

pub(crate) fn is_parameter(name: &str) -> bool {
    PARAMETERS.contains(&name)
}
