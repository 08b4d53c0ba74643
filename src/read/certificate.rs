//! Reads from a signing certificate of Sigstore what it says about the workflow run that requested it.

/// The start of the object identifiers of Sigstore's certificate authority, 1.3.6.1.4.1.57264.1, as in a certificate.
const PREFIX: [u8; 10] = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30];

/// The last number of an extension's object identifier, and the name of the value.
/// Source: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md, 2026-11-29.
const EXTENSIONS: [(u8, &str); 6] = [
    (8, "issuer"),
    // The workflow file that contains the job: the claim `job_workflow_ref`.
    (9, "build-signer-uri"),
    (11, "runner-environment"),
    (12, "source-repository-uri"),
    // The workflow file that GitHub started: the claim `workflow_ref`.
    (18, "build-config-uri"),
    (20, "build-trigger"),
];

/// The values of a certificate in DER. The signature is not verified.
#[must_use]
pub(crate) fn claims(certificate: &[u8]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(certificate, &PREFIX) {
        let Some([1, number, rest @ ..]) = certificate.get(at + PREFIX.len()..) else { continue };
        let known = EXTENSIONS.iter().find(|(known, _)| known == number);
        if let Some(((_, name), value)) = known.zip(octets(rest).and_then(utf8)) {
            found.push((*name, value.to_owned()));
        }
    }
    found
}

/// The content of an extension: an octet string, after the flag that makes it critical.
fn octets(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [0x01, 0x01, _, rest @ ..] => element(rest, 0x04),
        rest => element(rest, 0x04),
    }
}

/// The text of a UTF-8 string.
fn utf8(content: &[u8]) -> Option<&str> {
    std::str::from_utf8(element(content, 0x0c)?).ok()
}

/// The content of an element with a tag. Lengths have at most two bytes, because no value is longer.
fn element(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, rest) = match bytes {
        [own, 0x82, high, low, rest @ ..] if *own == tag => (usize::from(*high) << 8 | usize::from(*low), rest),
        [own, 0x81, length, rest @ ..] if *own == tag => (usize::from(*length), rest),
        [own, length, rest @ ..] if *own == tag && *length < 0x80 => (usize::from(*length), rest),
        _ => return None,
    };
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An extension of a certificate.
    fn extension(number: u8, text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        let mut bytes = PREFIX.to_vec();
        bytes.extend([1, number, 0x04, length + 2, 0x0c, length]);
        bytes.extend(text.bytes());
        bytes
    }

    #[test]
    fn known_extensions_are_read() {
        let mut certificate = vec![0x30, 0x82, 0x01, 0x00];
        certificate.extend(extension(20, "push"));
        certificate.extend(extension(99, "other"));
        certificate.extend(extension(12, "https://github.com/acme/demo"));
        let claims = claims(&certificate);
        assert_eq!(
            claims,
            [
                ("build-trigger", "push".to_owned()),
                ("source-repository-uri", "https://github.com/acme/demo".to_owned())
            ]
        );
    }

    #[test]
    fn broken_certificates_have_no_values() {
        let whole = extension(20, "push");
        for length in 0..whole.len() {
            assert!(claims(&whole[..length]).is_empty(), "{length}");
        }
        assert!(claims(&[&PREFIX[..], &[1, 20, 4, 0x82, 0xff, 0xff, 0]].concat()).is_empty());
    }
}
