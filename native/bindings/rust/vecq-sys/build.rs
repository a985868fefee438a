//! Finds libvecq: in the installed tree that the variable VECQ_DIR names, or by pkg-config.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=VECQ_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    for folder in folders() {
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
    println!("cargo:rustc-link-lib=dylib=vecq");
}

fn folders() -> Vec<PathBuf> {
    if let Some(tree) = env::var_os("VECQ_DIR") {
        let lib = PathBuf::from(tree).join("lib");
        let found = vec![lib.with_file_name("lib64"), lib];
        return found.into_iter().filter(|folder| folder.is_dir()).collect();
    }
    let output = Command::new("pkg-config").args(["--libs-only-L", "vecq"]).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("-L"))
            .map(PathBuf::from)
            .collect(),
        _ => panic!("libvecq is not found: set VECQ_DIR to its installed tree, or PKG_CONFIG_PATH"),
    }
}
