//! Paths inside the repository: relative to its root, `/`-separated, without `.` and `..` parts.

/// A relative path without `.` parts and trailing slashes. `None` for an absolute path and for one with a `..` part.
pub(crate) fn normalize(path: &str) -> Option<String> {
    let path = path.trim();
    if path.starts_with(['/', '~']) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

/// The path that `path` names when it is used in `folder`. `None` for an absolute path and for one that leaves the repository.
pub(crate) fn resolve(folder: &str, path: &str) -> Option<String> {
    let path = path.trim();
    if path.starts_with(['/', '~']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path of a name in a folder; the root is the empty path.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_repository() {
        assert_eq!(resolve("a/b", "../c//./d/").as_deref(), Some("a/c/d"));
        assert_eq!(resolve("", "./x").as_deref(), Some("x"));
        assert_eq!((resolve("a", "../../x"), resolve("a", "/etc"), resolve("a", "~/x")), (None, None, None));
        assert_eq!((normalize("./a//b/."), normalize("a/../b")), (Some("a/b".to_owned()), None));
    }
}
