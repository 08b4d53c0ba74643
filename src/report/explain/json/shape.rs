//! The objects of the document, as they are written. What fills them is the module above.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::json::{PlaceEntry, ToolEntry};

#[derive(Serialize)]
pub(crate) struct Document<'a> {
    pub version: u32,
    pub tool: ToolEntry,
    pub projects: Vec<Project<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Project<'a> {
    pub root: &'a str,
    pub repository: Option<&'a str>,
    pub uploads: Vec<Publication<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Publication<'a> {
    pub step: &'a str,
    pub job: &'a str,
    pub workflow: String,
    pub place: PlaceEntry,
    pub registry: Option<&'a str>,
    pub runs: Vec<Shown<'a>>,
    pub skipped: Vec<Kept<'a>>,
}

/// A run that does not come to the upload.
#[derive(Serialize)]
pub(crate) struct Kept<'a> {
    pub trigger: Run<'a>,
    pub stop: Option<Stop<'a>>,
    pub undeclared: Vec<Undeclared<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Undeclared<'a> {
    pub job: &'a str,
    pub output: &'a str,
    pub place: Option<PlaceEntry>,
}

#[derive(Serialize)]
pub(crate) struct Doubt<'a> {
    pub reason: &'a str,
    pub place: Option<PlaceEntry>,
}

#[derive(Serialize)]
pub(crate) struct Refused<'a> {
    pub caller: &'a str,
    pub called: &'a str,
    pub requester: Option<&'a str>,
    pub scope: &'a str,
    pub asked: &'a str,
    pub asked_place: PlaceEntry,
    pub held: &'a str,
    pub held_place: PlaceEntry,
}

/// What an upload shows in runs that are alike.
#[derive(Serialize)]
pub(crate) struct Shown<'a> {
    pub triggers: Vec<Run<'a>>,
    pub refusal: Option<Refused<'a>>,
    pub reached: Known<'a>,
    pub doubts: Vec<Doubt<'a>>,
    pub path: Vec<Stop<'a>>,
    pub registry: Known<'a>,
    pub credential: Credential<'a>,
    pub permissions: Vec<Permission<'a>>,
    pub claims: Vec<Claim<'a>>,
    pub record: Option<Declared<'a>>,
    pub verdict: Answer<'a>,
    pub form: Option<Blank<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Run<'a> {
    pub when: &'a str,
    pub event: Option<&'a str>,
    pub activity: Option<&'a str>,
    #[serde(rename = "ref")]
    pub kind: &'static str,
    #[serde(rename = "ref_name")]
    pub name: Name<'a>,
    pub inputs: BTreeMap<&'a str, &'a str>,
    pub fork: bool,
    pub place: PlaceEntry,
}

#[derive(Serialize)]
pub(crate) struct Name<'a> {
    pub beginning: &'a str,
    pub whole: bool,
    pub pattern: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Stop<'a> {
    pub kind: &'static str,
    pub name: &'a str,
    #[serde(rename = "if")]
    pub condition: Option<&'a str>,
    pub place: PlaceEntry,
}

#[derive(Serialize)]
pub(crate) struct Known<'a> {
    pub value: Option<&'a str>,
    pub reason: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Credential<'a> {
    #[serde(flatten)]
    pub known: Known<'a>,
    pub place: PlaceEntry,
}

#[derive(Serialize)]
pub(crate) struct Permission<'a> {
    pub scope: &'a str,
    pub access: Option<&'a str>,
    pub asked: Option<&'a str>,
    pub origin: &'a str,
    pub place: PlaceEntry,
    pub callers: Vec<Link<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Link<'a> {
    pub job: &'a str,
    pub access: Option<&'a str>,
    pub place: PlaceEntry,
}

#[derive(Serialize)]
pub(crate) struct Claim<'a> {
    pub name: &'a str,
    #[serde(flatten)]
    pub known: Known<'a>,
    pub place: Option<PlaceEntry>,
}

#[derive(Serialize)]
pub(crate) struct Declared<'a> {
    pub place: PlaceEntry,
    pub fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub value: &'a str,
    pub answer: Option<&'static str>,
    pub place: PlaceEntry,
}

#[derive(Serialize)]
pub(crate) struct Answer<'a> {
    pub answer: &'static str,
    pub cause: Option<&'static str>,
    pub text: Option<&'a str>,
    pub reason: Option<String>,
    pub place: Option<PlaceEntry>,
    pub only_for: &'a [String],
}

/// A registry's form, filled in.
#[derive(Serialize)]
pub(crate) struct Blank<'a> {
    pub before: Vec<Before<'a>>,
    pub fields: Vec<Line<'a>>,
    pub link: Option<&'a str>,
    pub settings: Option<&'a str>,
    pub limit: Option<&'a str>,
    pub pending: Option<&'a str>,
    pub first_release: Option<&'a str>,
}

/// What to do before the form.
#[derive(Serialize)]
pub(crate) struct Before<'a> {
    pub kind: &'static str,
    pub names: Vec<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub required: bool,
    #[serde(flatten)]
    pub known: Known<'a>,
    pub hint: Option<&'static str>,
}
