//! A certificate in words.

use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Whose it is, who issued it, and until when it is good.
pub(super) fn in_words(der: &[u8]) -> String {
    let Ok(certificate) = Certificate::from_der(der) else {
        return "a certificate that cannot be read".to_owned();
    };
    let it = &certificate.tbs_certificate;
    let (issuer, end) = (&it.issuer, &it.validity.not_after);
    match it.subject.to_string() {
        // Newer ones name their hosts elsewhere.
        nobody if nobody.is_empty() => format!("certificate issued by {issuer}, until {end}"),
        subject => format!("certificate of {subject}, issued by {issuer}, until {end}"),
    }
}
