//! Times in the headers of an answer.

use std::time::SystemTime;

use ureq::http::{HeaderMap, header};

/// `Retry-After`, as seconds or as a date by the server's own clock.
pub(crate) fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let after = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = after.parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let date = httpdate::parse_http_date(after).ok()?;
    let now = server_date(headers).unwrap_or_else(SystemTime::now);
    let wait = date.duration_since(now).unwrap_or_default();
    Some(wait.as_millis() as u64)
}

/// When the server says that it answered.
pub(crate) fn server_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let says = |after: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(after));
            if let Some(date) = date {
                headers.insert(header::DATE, HeaderValue::from_static(date));
            }
            retry_after_ms(&headers)
        };
        const NOON: &str = "Tue, 02 Jan 2001 12:00:00 GMT";
        assert_eq!(says("3", None), Some(3000));
        assert_eq!(says(" 0 ", None), Some(0));
        assert_eq!(says("Tue, 02 Jan 2001 12:01:30 GMT", Some(NOON)), Some(90_000));
        assert_eq!(says("Tue, 02 Jan 2001 11:00:00 GMT", Some(NOON)), Some(0));
        assert_eq!(says(NOON, None), Some(0), "long ago");
        for nothing in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(says(nothing, Some(NOON)), None, "{nothing}");
        }
        assert_eq!(says("18446744073709551615", None), None, "no time is that long");
    }
}
