//! Dependency directions between the crates, as ARCHITECTURE.md draws them.

use std::path::Path;

/// Who may depend on whom; tests and benchmarks aside.
const ALLOWED: &[(&str, &[&str])] = &[
    ("bennu-semconv", &[]),
    ("bennu-model", &[]),
    ("bennu-store", &["bennu-model"]),
    ("bennu", &["bennu-model", "bennu-store", "bennu-semconv", "bennu-sdk", "bennu-stack"]),
    ("bennu-sdk", &["bennu-semconv"]),
    ("bennu-stack", &["bennu-sdk"]),
    ("bennu-bench", &[]),
];

#[test]
fn crates_depend_in_one_direction() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for entry in std::fs::read_dir(crates).unwrap() {
        let manifest = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} is new: draw it"));
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for dependency in
            dependencies.into_iter().flat_map(|table| table.keys()).filter(|name| name.starts_with("bennu"))
        {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
        seen += 1;
    }
    assert_eq!(seen, ALLOWED.len());
}
