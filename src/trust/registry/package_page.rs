//! Reads the package name out of the address of a package's page.

use crate::trust::publisher::accepts;
use crate::trust::registry::Registry;

/// The placeholder for the package name in address templates.
const PLACEHOLDER: &str = "{package}";

impl Registry {
    /// The package whose page is at an address. If only the beginning of the address is known (`whole` is false), the name must be
    /// followed by a separator.
    #[must_use]
    pub fn package_at(&self, address: &str, whole: bool) -> Option<String> {
        self.projects.iter().find_map(|page| {
            let (before, after) = page.split_once(PLACEHOLDER)?;
            let start = address.get(..before.len()).filter(|start| start.eq_ignore_ascii_case(before))?;
            let rest = &address[start.len()..];
            let path = rest.split(['?', '#']).next().unwrap_or_default();
            // A name may contain a slash if the form accepts one.
            [2, 1].into_iter().find_map(|parts| self.package_in(path, parts, after, whole || path.len() < rest.len()))
        })
    }

    /// The name in the first segments of a path, if the form accepts it.
    fn package_in(&self, path: &str, parts: usize, after: &str, whole: bool) -> Option<String> {
        let end = path.match_indices('/').nth(parts - 1).map(|(at, _)| at);
        if end.is_none() && (!whole || path.matches('/').count() + 1 < parts) {
            return None;
        }
        let (name, rest) = path.split_at(end.unwrap_or(path.len()));
        let follows = rest.trim_matches('/').starts_with(after.trim_matches('/'));
        let field = self.field("package")?;
        let plain = parts == 1 || field.pattern.is_some();
        (follows && plain && !name.is_empty() && accepts(field, name).is_ok()).then(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(pattern: &str) -> Registry {
        let text = format!(
            "projects: ['https://r.example/p/{{package}}', 'https://r.example/package/{{package}}']\n\
             record: [{{ name: package, label: Package, pattern: '{pattern}' }}]"
        );
        serde_yaml::from_str(&text).unwrap()
    }

    #[test]
    fn the_address_of_a_page_contains_the_package() {
        let plain = registry("^[a-z-]+$");
        let at = |address: &str| plain.package_at(address, true);
        assert_eq!(at("https://r.example/p/demo").as_deref(), Some("demo"));
        assert_eq!(at("https://R.example/p/demo/").as_deref(), Some("demo"));
        assert_eq!(at("https://r.example/package/demo/1.2.3/#files").as_deref(), Some("demo"));
        assert_eq!(at("https://r.example/"), None);
        assert_eq!(at("https://r.example/p/"), None);
        assert_eq!(at("https://r.example/p/Two Words"), None, "the form refuses it");
        assert_eq!(at("https://elsewhere.example/p/demo"), None);
    }

    #[test]
    fn a_scope_is_part_of_the_name_if_the_form_accepts_it() {
        let scoped = registry("^(@[a-z]+/)?[a-z]+$");
        assert_eq!(scoped.package_at("https://r.example/package/@acme/demo", true).as_deref(), Some("@acme/demo"));
        assert_eq!(scoped.package_at("https://r.example/package/@acme/demo/v/1", true).as_deref(), Some("@acme/demo"));
        assert_eq!(scoped.package_at("https://r.example/package/demo/v/1", true).as_deref(), Some("demo"));
    }

    #[test]
    fn a_name_with_an_unknown_end_is_not_a_package() {
        let plain = registry("^[a-z-]+$");
        assert_eq!(plain.package_at("https://r.example/p/demo", false), None);
        assert_eq!(plain.package_at("https://r.example/p/demo/", false).as_deref(), Some("demo"));
    }
}
