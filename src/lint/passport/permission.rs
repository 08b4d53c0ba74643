//! What the job of an upload may do, scope by scope, and which block says so. It does not ask what the upload needs.

use crate::lint::fact::{self, Fact};
use crate::lint::subject::Subject;
use crate::read::source::Place;

/// What a job holds of one scope, or of all scopes by a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The scope; the word that grants them all.
    pub scope: String,
    /// `none`, `read` or `write`; `None` where only the repository's settings or an unknown caller say it. Of a word, there is none.
    pub access: Option<String>,
    /// `job`, `workflow`, or `default` for no block at all.
    pub origin: String,
    /// The entry that grants it, else the block that leaves it out, else the job.
    pub place: Place,
}

/// The scopes that a job holds, with `id-token` whether it holds it or not.
pub fn permissions(subject: &Subject<'_, '_, '_>) -> Vec<Permission> {
    let github = &subject.analysis.data.github.permissions;
    let word = match fact::ask(subject, "permissions.word") {
        Fact::Known(Some(word), place) => Some((word, place)),
        _ => None,
    };
    // A word grants every scope; naming them all would hide the one that counts.
    let named = github.scopes.keys().filter(|scope| word.is_none() || is_asked_for(&github.never_by_default, scope));
    let scopes = named.filter_map(|scope| held(subject, scope, is_asked_for(&github.never_by_default, scope)));
    let scopes: Vec<Permission> = scopes.collect();
    let whole = word.map(|(scope, place)| {
        let origin = scopes.first().map_or(String::new(), |held| held.origin.clone());
        Permission { scope, access: None, origin, place }
    });
    whole.into_iter().chain(scopes).collect()
}

/// Whether a scope is one that a job only holds when somebody asks for it: the OIDC token's.
fn is_asked_for(never_by_default: &[String], scope: &str) -> bool {
    never_by_default.iter().any(|name| name == scope)
}

fn held(subject: &Subject<'_, '_, '_>, scope: &str, always: bool) -> Option<Permission> {
    let (access, place) = match fact::ask(subject, &format!("permission.{scope}")) {
        Fact::Known(access, place) if always || access.as_deref() != Some("none") => (access, place),
        Fact::Unknown if always => (None, subject.job?.id.place()),
        Fact::Known(..) | Fact::Unknown => return None,
    };
    Some(Permission { scope: scope.to_owned(), access, origin: origin(subject, scope), place })
}

fn origin(subject: &Subject<'_, '_, '_>, scope: &str) -> String {
    match fact::ask(subject, &format!("permission-origin.{scope}")) {
        Fact::Known(Some(origin), _) => origin,
        _ => String::new(),
    }
}
