//! What the fuzz targets share with the tests.

#[path = "../../support/judged.rs"]
pub mod judged;
#[path = "../../support/scope.rs"]
pub mod scope;
