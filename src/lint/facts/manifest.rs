//! Facts about the manifests of what an upload sends. Unknown if a script may change the manifest.

use crate::lint::explain::publisher_form::uploaded;
use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::registry::slot::{SlotValue, known_text};
use crate::trust::upload::history::{self, CheckoutHistory};
use crate::trust::upload::listed::{self, ListedValue};
use crate::trust::upload::package::{self, ComparedValue, NameComparison, UploadedPackage};
use crate::trust::upload::prerelease::{self, DistTag};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "manifest.package",
        UPLOAD,
        FactValues::OneOf(&["same", "other"]),
        "Whether a manifest of the project has the name of the publisher's package, or all have other names.",
        manifest_package,
    ),
    FactSpec::new("manifest.name", UPLOAD, FactValues::Any, "The name in the manifest.", manifest_name),
    FactSpec::new(
        "manifest.namespace",
        UPLOAD,
        FactValues::OneOf(&["accepted", "case", "refused", "other-login"]),
        "Whether the token of this repository may publish the name in the manifest; `other-login` if a name of this kind needs another login. Absent if the registry compares no name.",
        manifest_namespace,
    ),
    FactSpec::new(
        "manifest.namespace.allowed",
        UPLOAD,
        FactValues::Any,
        "The start of the names that the token may publish.",
        namespace_allowed,
    ),
    FactSpec::new("manifest.namespace.name", UPLOAD, FactValues::Any, "The name in the manifest.", namespace_name),
    FactSpec::new(
        "manifest.repository.url",
        UPLOAD,
        FactValues::Any,
        "The repository address in the manifest.",
        manifest_url,
    ),
    FactSpec::new(
        "provenance.verdict",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused", "missing", "unknown", "not-stated"]),
        "The registry's answer to provenance with the repository address of the manifest; `missing` if the manifest has none, `unknown` and `not-stated` if something outside the files decides.",
        provenance_verdict,
    ),
    FactSpec::new(
        "version.source",
        UPLOAD,
        FactValues::OneOf(&["tags"]),
        "Where the manifest takes the version from.",
        version_source,
    ),
    FactSpec::new(
        "version.dist-tag",
        UPLOAD,
        FactValues::OneOf(&["given", "missing", "not-needed"]),
        "Whether a prerelease version that the client refuses without a dist-tag has one; unknown if a step may write another version.",
        |subject, _| {
            let tag = dist_tag(subject)?;
            Some(Fact::word(tag.word(), subject.upload()?.site.place))
        },
    ),
    FactSpec::new(
        "version.prerelease",
        UPLOAD,
        FactValues::Any,
        "The prerelease version in the manifest, if the upload has no dist-tag.",
        |subject, _| match dist_tag(subject)? {
            DistTag::Missing(version, place) => Some(Fact::text(version, place)),
            DistTag::Given | DistTag::NotNeeded => None,
        },
    ),
    FactSpec::new(
        "checkout.history",
        UPLOAD,
        FactValues::OneOf(&["tags", "shallow"]),
        "How much of the git history the building job checks out.",
        checkout_history,
    ),
];

fn namespace_of(subject: &Subject<'_, '_, '_>) -> Option<ListedValue> {
    let owner = subject.analysis.repository.and_then(|name| name.split_once('/')).map(|(owner, _)| owner);
    listed::namespace(
        &subject.analysis.data.github,
        &subject.analysis.project.manifests,
        target(subject)?,
        &subject.upload()?.site,
        owner,
    )
}

fn manifest_namespace(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let registry = target(subject)?;
    if registry.namespace.is_none() {
        return Some(Fact::Known(None, subject.upload()?.site.place));
    }
    namespace_of(subject).map(|value| Fact::text(value.status, value.place))
}

fn namespace_allowed(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    namespace_of(subject).map(|value| Fact::text(value.expected, value.place))
}

fn namespace_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    namespace_of(subject).map(|value| Fact::text(value.found, value.place))
}

fn of_name(subject: &Subject<'_, '_, '_>) -> Option<ComparedValue> {
    let registry = target(subject)?;
    let publisher = subject.publisher()?;
    let declared = &publisher.entry("package")?.value;
    // A name that only the command has is compared with all manifests.
    let named = |packages: &&Vec<UploadedPackage<'_>>| packages.iter().all(|package| package.manifest.is_some());
    if let Some(packages) = uploaded(subject, registry)?.as_ref().ok().filter(named) {
        let same = packages.iter().find(|package| publisher.is_for(&package.name));
        let likeness = if same.is_some() { NameComparison::Same } else { NameComparison::Other };
        let package = same.or_else(|| packages.first())?;
        return Some(ComparedValue { text: Some(package.name.clone()), place: package.place, likeness });
    }
    if package::may_change(&subject.analysis.data.github, registry, subject.workflow()?) {
        return None;
    }
    package::name(&subject.analysis.project.manifests, registry, declared)
}

fn manifest_package(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let word = of_name(subject)?;
    Some(Fact::word(word.likeness.word(), word.place))
}

fn manifest_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let word = of_name(subject)?;
    Some(Fact::optional(word.text, word.place))
}

fn of_repository(subject: &Subject<'_, '_, '_>) -> Option<ComparedValue> {
    let (analysis, registry, workflow) = (subject.analysis, target(subject)?, subject.workflow()?);
    let packages = uploaded(subject, registry)?.as_deref().ok()?;
    let mut read = packages.iter().filter_map(|package| package.manifest);
    let github = &analysis.data.github;
    if read.any(|manifest| package::changes(github, registry, manifest, workflow, &manifest.kind.repository)) {
        return None;
    }
    package::repository(&analysis.project.manifests, analysis.repository, packages)
}

fn manifest_url(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let word = of_repository(subject)?;
    Some(Fact::optional(word.text, word.place))
}

fn provenance(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let registry = target(subject)?;
    let site = &subject.upload()?.site;
    let place = site.place;
    let switch = site.pattern?.attestations.as_ref().filter(|_| registry.repository_in_manifest)?;
    // The client's own switch overrides the manifest.
    let said = match site.resolved.first(&switch.slots) {
        Some((_, SlotValue::Text(text, place))) => {
            match known_text(&site.resolved.resolve(&text, subject.context()?)) {
                Some(text) if text == "true" => Some((true, place)),
                Some(text) if text == "false" => Some((false, place)),
                _ => return Some(Fact::unknown("the value of the provenance option")),
            }
        }
        Some(_) => return Some(Fact::unknown("the value of the provenance option")),
        None => package::provenance(&subject.analysis.project.manifests, registry)?.map(|flag| (flag, place)),
    };
    Some(match said {
        Some((true, place)) => Fact::word("asked", place),
        Some((false, place)) => Fact::word("off", place),
        None if site.default_of(switch)? => Fact::word("automatic", place),
        None => Fact::word("off", place),
    })
}

fn provenance_verdict(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let Some(Fact::Known(Some(provenance), _)) = provenance(subject, "") else { return None };
    let word = of_repository(subject)?;
    let certain = provenance == "asked" && subject.analysis.repository.is_some();
    let answer = match word.likeness {
        _ if provenance == "off" => "accepted",
        NameComparison::Same => "accepted",
        NameComparison::Other if certain => {
            if word.text.is_some() {
                "refused"
            } else {
                "missing"
            }
        }
        NameComparison::Other | NameComparison::Case => {
            if word.text.is_some() {
                "unknown"
            } else {
                "not-stated"
            }
        }
    };
    Some(Fact::text(answer, word.place))
}

fn version_source(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let place = package::version_from_tags(&subject.analysis.project.manifests, target(subject)?)?;
    Some(Fact::word("tags", place))
}

fn dist_tag(subject: &Subject<'_, '_, '_>) -> Option<DistTag> {
    let (data, upload, registry) = (subject.analysis.data, subject.upload()?, target(subject)?);
    prerelease::dist_tag(&data.github, &data.registries, registry, &upload.site, subject.context()?)
}

pub(crate) fn checkout_history(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let builds = &target(subject)?.builds;
    let (workflow, job) = (subject.workflow()?, subject.job()?);
    Some(match history::history(&subject.analysis.data.github, builds, workflow, job)? {
        CheckoutHistory::Tags => Fact::word("tags", job.id.place()),
        CheckoutHistory::Shallow(place) => Fact::word("shallow", place),
    })
}
