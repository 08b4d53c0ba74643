//! `file:` URIs and the paths that they name.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The path of a `file:` URI; `None` for any other scheme, e.g. `untitled:`.
pub(crate) fn to_path(uri: &str) -> Option<PathBuf> {
    let (scheme, rest) = uri.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let path = decoded(path.split(['?', '#']).next().unwrap_or_default())?;
    let drive = path.strip_prefix('/').filter(|rest| rest.chars().nth(1) == Some(':'));
    if !host.is_empty() && host != "localhost" {
        return cfg!(windows).then(|| PathBuf::from(format!("//{host}{path}")));
    }
    Some(PathBuf::from(drive.filter(|_| cfg!(windows)).unwrap_or(&path)))
}

/// The URI of an absolute path.
pub(crate) fn of_path(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let text = text.strip_prefix("//?/").unwrap_or(&text);
    let mut uri = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// A text without its percent escapes; `None` if the result is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_its_uri() {
        for path in ["/a/b.yml", "/with blank/é🚀.yml", "/100%/[1]#2?.yml", "/a:b"] {
            assert_eq!(to_path(&of_path(Path::new(path))).as_deref(), Some(Path::new(path)));
        }
        assert_eq!(to_path("file:///c%3A/x").as_deref(), Some(Path::new("/c:/x")));
        assert_eq!(to_path("file://localhost/x").as_deref(), Some(Path::new("/x")));
        for other in ["untitled:Untitled-1", "git://x/y", "file://server/share", "file:///%ff", "nothing"] {
            assert_eq!(to_path(other), None, "{other}");
        }
    }
}
