//! Helpers that the fuzz targets share with the tests.

#[path = "../../all/support/judged.rs"]
pub mod judged;
#[path = "../../all/support/scope.rs"]
pub mod scope;
#[path = "../../all/support/scripts.rs"]
pub mod scripts;
