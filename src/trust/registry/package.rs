//! The package that the address of a registry's page names. It never asks whether there is such a package.

use crate::trust::publisher::accepts;
use crate::trust::registry::Registry;

/// Stands in the addresses of the data for the package's name.
const HOLE: &str = "{package}";

impl Registry {
    /// The package whose page an address is. Of an address that is known only as far as it goes (`whole` is false), the name must be
    /// followed by something.
    #[must_use]
    pub fn package_at(&self, address: &str, whole: bool) -> Option<String> {
        self.projects.iter().find_map(|page| {
            let (before, after) = page.split_once(HOLE)?;
            let start = address.get(..before.len()).filter(|start| start.eq_ignore_ascii_case(before))?;
            let rest = &address[start.len()..];
            let path = rest.split(['?', '#']).next().unwrap_or_default();
            // A name may hold a slash where the form takes one.
            [2, 1].into_iter().find_map(|parts| self.package_in(path, parts, after, whole || path.len() < rest.len()))
        })
    }

    /// The name in the first parts of a path, if the form takes it.
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
    fn a_page_names_its_package() {
        let plain = registry("^[a-z-]+$");
        let at = |address: &str| plain.package_at(address, true);
        assert_eq!(at("https://r.example/p/demo").as_deref(), Some("demo"));
        assert_eq!(at("https://R.example/p/demo/").as_deref(), Some("demo"));
        assert_eq!(at("https://r.example/package/demo/1.2.3/#files").as_deref(), Some("demo"));
        assert_eq!(at("https://r.example/"), None);
        assert_eq!(at("https://r.example/p/"), None);
        assert_eq!(at("https://r.example/p/Two Words"), None, "the form would not take it");
        assert_eq!(at("https://elsewhere.example/p/demo"), None);
    }

    #[test]
    fn a_scope_belongs_to_the_name_where_the_form_says_so() {
        let scoped = registry("^(@[a-z]+/)?[a-z]+$");
        assert_eq!(scoped.package_at("https://r.example/package/@acme/demo", true).as_deref(), Some("@acme/demo"));
        assert_eq!(scoped.package_at("https://r.example/package/@acme/demo/v/1", true).as_deref(), Some("@acme/demo"));
        assert_eq!(scoped.package_at("https://r.example/package/demo/v/1", true).as_deref(), Some("demo"));
    }

    #[test]
    fn a_name_whose_end_is_not_known_is_none() {
        let plain = registry("^[a-z-]+$");
        assert_eq!(plain.package_at("https://r.example/p/demo", false), None);
        assert_eq!(plain.package_at("https://r.example/p/demo/", false).as_deref(), Some("demo"));
    }
}
