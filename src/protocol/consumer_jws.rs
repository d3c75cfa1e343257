//! ConsumerJWSs: what one says.

// The service checks signatures; we only read what a token says about itself.
use jsonwebtoken::dangerous::insecure_decode_claims;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::base::secret::Token;
use crate::protocol::json::text;

/// A ConsumerJWS and who it says the consumer is.
#[derive(Debug)]
pub(crate) struct ConsumerJws {
    pub token: Token,
    pub lp_consumer_id: String,
}

impl ConsumerJws {
    /// Reads a ConsumerJWS; the error says what is wrong with it, without showing it.
    pub(crate) fn read(jws: &str) -> Result<ConsumerJws, &'static str> {
        #[derive(Deserialize)]
        struct Claims {
            lp_consumer_id: Box<RawValue>,
        }
        let token = Token::new(jws).ok_or("it is empty or has characters that no token has")?;
        let claims: Claims =
            insecure_decode_claims(jws).map_err(|_| "it is not a JWS with an lp_consumer_id")?;
        Ok(ConsumerJws { token, lp_consumer_id: text(Some(&claims.lp_consumer_id)) })
    }
}
