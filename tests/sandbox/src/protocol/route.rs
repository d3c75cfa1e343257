//! The services by name.

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
    /// Sentinel's keys: `GET /sentinel/well-known/jwks`. Its address names no account, so all
    /// accounts share it.
    Keys,
    /// The file storage: `PUT` and `GET /v1/AUTH_async-images/{account}/…`.
    Storage,
}

impl Route {
    const ALL: [Route; 7] = [
        Route::Domain,
        Route::Token,
        Route::Consumer,
        Route::Conversation,
        Route::Send,
        Route::Keys,
        Route::Storage,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Route::Domain => "domain",
            Route::Token => "token",
            Route::Consumer => "consumer",
            Route::Conversation => "conversation",
            Route::Send => "send",
            Route::Keys => "keys",
            Route::Storage => "storage",
        }
    }

    /// All names, to be listed in a sentence.
    pub(crate) fn names() -> String {
        Route::ALL.map(Route::name).join(", ")
    }

    pub(crate) fn from_name(name: &str) -> Option<Route> {
        Route::ALL.into_iter().find(|route| route.name() == name)
    }
}
