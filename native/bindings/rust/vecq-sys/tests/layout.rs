//! The declarations of this crate are those of the frozen C ABI, `tests/abi.txt`.

use std::collections::HashMap;

const FROZEN: &str = include_str!("../../../../../tests/abi.txt");

/// The lines below each heading that starts with `kind`, by name.
fn frozen(kind: &str) -> HashMap<&str, (&str, Vec<&str>)> {
    let mut found = HashMap::new();
    let mut name = None;
    for line in FROZEN.lines() {
        if let Some(entry) = line.strip_prefix("  ") {
            if let Some(name) = name {
                let own: &mut (&str, Vec<&str>) = found.get_mut(name).unwrap();
                own.1.push(entry);
            }
            continue;
        }
        name = line.strip_prefix(kind).map(|rest| {
            let end = rest.find(|c| c == ':' || c == ' ').unwrap_or(rest.len());
            found.insert(&rest[..end], (&rest[end..], Vec::new()));
            &rest[..end]
        });
    }
    found
}

#[test]
fn structs_have_the_frozen_layout() {
    let frozen = frozen("struct ");
    for (name, bytes, fields) in vecq_sys::layouts() {
        let (size, lines) = &frozen[name];
        assert_eq!(size, &format!(": {} bytes", bytes), "{}", name);
        let starts: Vec<_> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
        let name_of = |field: &str| field.trim_start_matches("r#").to_string();
        let own: Vec<_> =
            fields.iter().map(|(field, at)| format!("{} {}", at, name_of(field))).collect();
        assert_eq!(starts, own, "{}", name);
    }
}

#[test]
fn functions_have_the_frozen_number_of_arguments() {
    let frozen = frozen("function ");
    for (name, count) in vecq_sys::functions() {
        let (types, _) = frozen[name];
        let arguments = &types[types.rfind(" (").unwrap() + 2..types.len() - 1];
        let expected = if arguments == "void" { 0 } else { arguments.split(',').count() };
        assert_eq!(count, expected, "{}: {}", name, types);
    }
}

#[test]
fn constants_have_the_frozen_values() {
    let lines: Vec<_> = frozen("enum ").into_values().flat_map(|(_, lines)| lines).collect();
    for (name, value) in vecq_sys::CONSTANTS {
        assert!(lines.contains(&format!("{} = {}", name, value).as_str()), "{}", name);
    }
}
