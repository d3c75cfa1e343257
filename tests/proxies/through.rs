//! What must be the same through every proxy.

use lpconnector::{Client, Error, OpenOptions};

use crate::scene::Scene;

/// A conversation from its opening to its end, over one connection.
pub fn converse(client: &Client) -> Result<(), Error> {
    let consumer = client.consumer("John_Doe_facebook12345")?;
    let conversation = consumer.open(&OpenOptions::new().first_message("Hi"))?;
    let opened = client.stats().connections_opened;
    conversation.send_text("through a proxy")?;
    conversation.close()?;
    assert_eq!(client.stats().connections_opened, opened, "connections are used again");
    assert_eq!(opened, 1, "everything is on one host");
    Ok(())
}

/// The same, with options; gives back the port that the proxy had to connect to.
pub fn works(options: &[(&str, &str)]) -> u16 {
    let scene = Scene::over_tls(options);
    converse(&scene.client).unwrap();
    assert_eq!(scene.texts(), ["Hi", "through a proxy"]);
    scene.sandbox.url().rsplit(':').next().unwrap().parse().unwrap()
}

/// What a client says to which this happens before it has any token.
pub fn fails(options: &[(&str, &str)]) -> Error {
    let scene = Scene::over_tls(options);
    let error = scene.open().unwrap_err();
    assert!(!error.maybe_delivered() && scene.requests().is_empty(), "{error}");
    error
}

/// No part of an error says how one gets through the proxy.
pub fn hides(error: &Error, secrets: &[&str]) {
    for secret in secrets {
        for text in [error.to_string(), error.message().to_owned(), format!("{error:?}")] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}
