//! Which service a path belongs to, and which account.

/// The services, as canned answers and recorded requests name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Domain API: `GET /api/account/{account}/service/…`.
    Domain,
    /// Sentinel: the AppJWT, `POST /sentinel/api/…/app/token`.
    Token,
    /// IDP: the ConsumerJWS, `POST /api/account/{account}/consumer`.
    Consumer,
    /// CONVERSATION: `POST /api/account/{account}/messaging/consumer/conversation`.
    Conversation,
    /// SEND: `POST /api/account/{account}/messaging/consumer/conversation/send`.
    Send,
    /// Sentinel's keys: `GET /sentinel/well-known/jwks`. Its address names no account, so all accounts share it.
    Keys,
}

impl Route {
    const ALL: [Route; 6] = [
        Route::Domain,
        Route::Token,
        Route::Consumer,
        Route::Conversation,
        Route::Send,
        Route::Keys,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Route::Domain => "domain",
            Route::Token => "token",
            Route::Consumer => "consumer",
            Route::Conversation => "conversation",
            Route::Send => "send",
            Route::Keys => "keys",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Route> {
        Route::ALL.into_iter().find(|route| route.name() == name)
    }

    pub(crate) fn method(self) -> &'static str {
        match self {
            Route::Domain | Route::Keys => "GET",
            Route::Token | Route::Consumer | Route::Conversation | Route::Send => "POST",
        }
    }
}

/// What the path of a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// The base URI of one service, or of all.
    Domain { account: &'a str, service: Option<&'a str> },
    /// An AppJWT.
    Token { account: &'a str, version: TokenVersion },
    /// A ConsumerJWS.
    Consumer { account: &'a str },
    /// A batch that opens a conversation.
    Conversation { account: &'a str },
    /// One message.
    Send { account: &'a str },
    /// The keys of the AppJWT.
    Keys,
}

/// The two versions of Sentinel's token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenVersion {
    V1,
    V2,
}

impl<'a> Target<'a> {
    pub(crate) fn find(path: &'a str) -> Option<Target<'a>> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let target = match segments.as_slice() {
            // Public clients leave out the ".json" here and there.
            ["api", "account", account, "service", "baseURI.json" | "baseURI"] => {
                Target::Domain { account, service: None }
            }
            ["api", "account", account, "service", service, "baseURI.json" | "baseURI"] => {
                Target::Domain { account, service: Some(service) }
            }
            ["sentinel", "api", "account", account, "app", "token"] => {
                Target::Token { account, version: TokenVersion::V1 }
            }
            ["sentinel", "api", "v2", "account", account, "app", "token"] => {
                Target::Token { account, version: TokenVersion::V2 }
            }
            ["sentinel", "well-known", "jwks"] => Target::Keys,
            ["api", "account", account, "consumer"] => Target::Consumer { account },
            ["api", "account", account, "messaging", "consumer", "conversation"] => {
                Target::Conversation { account }
            }
            ["api", "account", account, "messaging", "consumer", "conversation", "send"] => {
                Target::Send { account }
            }
            _ => return None,
        };
        Some(target)
    }

    pub(crate) fn route(&self) -> Route {
        match self {
            Target::Domain { .. } => Route::Domain,
            Target::Token { .. } => Route::Token,
            Target::Consumer { .. } => Route::Consumer,
            Target::Conversation { .. } => Route::Conversation,
            Target::Send { .. } => Route::Send,
            Target::Keys => Route::Keys,
        }
    }

    /// The account in the path; none for the keys.
    pub(crate) fn account(&self) -> Option<&'a str> {
        match self {
            Target::Domain { account, .. }
            | Target::Token { account, .. }
            | Target::Consumer { account }
            | Target::Conversation { account }
            | Target::Send { account } => Some(account),
            Target::Keys => None,
        }
    }
}
