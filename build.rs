//! Builds again when a file comes to `rules/` or leaves it: the folder is part of the program.

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
