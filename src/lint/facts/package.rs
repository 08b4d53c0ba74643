//! Facts about the uploaded packages, and about the packages of other registries that an uploaded manifest lists.

use crate::lint::explain::publisher_form::uploaded;
use crate::lint::facts::registry::{target, target_place};
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::lint::uploads::UploadRun;
use crate::read::shell::{ShellCommand, ShellWord};
use crate::trust::registry::Registry;
use crate::trust::registry::command::{is_command, runs_project_program, words};
use crate::trust::upload::listed::{self, ListedValue};
use crate::trust::upload::site::UploadTarget;
use crate::workflow::expression::Truth;
use crate::workflow::simulate::relevance::ancestors;
use crate::workflow::step_script::commands;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "package.mark",
        UPLOAD,
        FactValues::OneOf(&["present", "missing", "other"]),
        "Whether each listed package contains the mark by which the registry recognises its owner.",
        mark,
    ),
    FactSpec::new(
        "package.mark.expected",
        UPLOAD,
        FactValues::Any,
        "The mark that a listed package must contain.",
        mark_expected,
    ),
    FactSpec::new("package.mark.file", UPLOAD, FactValues::Any, "The file that must contain the mark.", mark_file),
    FactSpec::new(
        "package.version",
        UPLOAD,
        FactValues::OneOf(&["same", "other"]),
        "Whether the version of each listed package is the one of the package's manifest.",
        version,
    ),
    FactSpec::new("package.version.listed", UPLOAD, FactValues::Any, "The listed version.", version_listed),
    FactSpec::new(
        "package.version.expected",
        UPLOAD,
        FactValues::Any,
        "The version in the package's manifest.",
        version_expected,
    ),
    FactSpec::new("package.version.file", UPLOAD, FactValues::Any, "The package's manifest.", version_file),
    FactSpec::new(
        "package.order",
        UPLOAD,
        FactValues::OneOf(&["before", "after"]),
        "Whether the listed packages are uploaded before the manifest in the same run.",
        order,
    ),
    FactSpec::new(
        "package.undeclared",
        UPLOAD,
        FactValues::Any,
        "The uploaded packages that no declared publisher of the registry names, if a publisher names another uploaded package.",
        undeclared,
    ),
];

fn marked(subject: &Subject<'_, '_, '_>) -> Option<ListedValue> {
    let (data, manifests) = (subject.analysis.data, &subject.analysis.project.manifests);
    listed::mark(&data.github, manifests, &data.registries, target(subject)?, &subject.upload()?.site)
}

fn mark(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    marked(subject).map(|value| Fact::text(value.status, value.place))
}

fn mark_expected(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    marked(subject).map(|value| Fact::text(value.expected, value.place))
}

fn mark_file(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    marked(subject).map(|value| Fact::text(value.file, value.place))
}

fn compared(subject: &Subject<'_, '_, '_>) -> Option<ListedValue> {
    let (data, manifests) = (subject.analysis.data, &subject.analysis.project.manifests);
    let (checkout, site) = (subject.analysis.checkout, &subject.upload()?.site);
    listed::version(&data.github, manifests, &data.registries, checkout, target(subject)?, site)
}

fn version(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    compared(subject).map(|value| Fact::text(value.status, value.place))
}

fn version_listed(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    compared(subject).map(|value| Fact::text(value.found, value.place))
}

fn version_expected(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    compared(subject).map(|value| Fact::text(value.expected, value.place))
}

fn version_file(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    compared(subject).map(|value| Fact::text(value.file, value.place))
}

fn order(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (analysis, upload, workflow, job) = (subject.analysis, subject.upload()?, subject.workflow()?, subject.job()?);
    let registries = &analysis.data.registries;
    let listed = listed::registries_of(&analysis.project.manifests, registries, target(subject)?, &upload.site);
    if listed.is_empty() {
        return None;
    }
    let own = &upload.site.resolved;
    // A command that queries the registry may wait for the package, and so may a program of the project.
    let list = target(subject)?.packages.as_ref()?;
    let waits = |registry: &Registry| {
        let github = &analysis.data.github;
        let waits = |command: &ShellCommand| {
            let all = words(command);
            let asks = |word: &ShellWord| {
                let text = word.text().unwrap_or_default();
                text.split('/').any(|part| registry.endpoints.hosts.iter().any(|host| host == part))
            };
            let is_one_of = |names: &[String]| names.iter().any(|known| is_command(github, &all, known, &[]));
            is_one_of(&list.waits)
                || command.words.iter().any(asks)
                || runs_project_program(&github.shell, &all) && !is_one_of(&list.inert)
        };
        job.steps.iter().filter(|step| step.script.is_some()).any(|step| {
            let all = commands(github, workflow, job, step);
            all.is_empty() || all.iter().any(waits)
        })
    };
    let before = ancestors(workflow, job);
    let run = subject.context()?.run();
    let same_start = |other: &UploadRun<'_, '_>| {
        other.reach == Truth::Yes
            && other.run().trigger == run.trigger
            && other.run().reference.kind == run.reference.kind
    };
    let mut found = None;
    for other in analysis.uploads.iter().filter(|other| other.site.resolved.workflow.file == workflow.file) {
        let step = &other.site.resolved;
        let Some(at) = other.runs.iter().find(|run| same_start(run)) else { continue };
        let UploadTarget::Registry(target, _) =
            other.site.target(&analysis.data.github, registries, &other.context(at))
        else {
            continue;
        };
        let Some(registry) = listed.iter().find(|registry| registry.id == target.id) else { continue };
        let same_job = step.job.id.place() == job.id.place();
        let position = workflow.jobs.iter().position(|job| job.id.place() == step.job.id.place());
        let earlier =
            if same_job { step.order() < own.order() } else { position.is_some_and(|at| before.contains(&at)) };
        if earlier {
            return Some(Fact::word("before", step.place()));
        }
        if waits(registry) {
            return Some(Fact::unknown("whether a step waits for the package"));
        }
        found = found.or(Some(Fact::word("after", step.place())));
    }
    found
}

fn undeclared(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (analysis, registry, place) = (subject.analysis, target(subject)?, target_place(subject)?);
    let none = Some(Fact::Known(None, place));
    let publishers = &analysis.publishers;
    if publishers.of_registry(&registry.id).next().is_none() || publishers.leave_package_open(&registry.id) {
        return none;
    }
    let Some(Ok(packages)) = uploaded(subject, registry) else { return none };
    let declared = |name: &str| publishers.are_for(&registry.id, name);
    let missing: Vec<&str> = packages.iter().map(|it| it.name.as_str()).filter(|name| !declared(name)).collect();
    let publisher = subject.publisher()?;
    // If nothing uploads the package of the publisher, it may be the former name of this one.
    let other = || {
        analysis.uploads.iter().any(|upload| {
            upload.runs.iter().any(|run| {
                analysis
                    .with_upload_run(upload, run, |subject| {
                        let packages = uploaded(subject, registry)?.as_ref().ok()?;
                        packages.iter().any(|package| publisher.is_for(&package.name)).then_some(())
                    })
                    .is_some()
            })
        })
    };
    if missing.is_empty() || !other() {
        return none;
    }
    let shown: Vec<String> = missing.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = missing.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(Fact::text(format!("{}{more}", shown.join(", ")), place))
}
