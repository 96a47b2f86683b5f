//! Pieces of definitions on pages, completed so that they can be loaded.

use std::collections::BTreeSet;

/// The definition around a piece. `place` says what the piece is: members of `spec`, entries of `states`, the members of one
/// `state` or those of one `task`.
pub(crate) fn complete(place: &str, kind: &str, piece: &str) -> Option<String> {
    let mut spec = match place {
        "spec" => piece.to_owned(),
        "states" => format!("start: {}\nstates:\n{}", first_key(piece)?, indented(2, piece)),
        "state" => format!("start: here\nstates:\n  here:\n{}", indented(4, piece)),
        "task" => {
            let task = indented(6, piece);
            format!("start: here\nstates:\n  here:\n    type: task\n    task:\n{task}    next: done\n")
        }
        _ => return None,
    };
    if !has_member(&spec, "states") {
        spec.push_str("start: done\nstates:\n  done: { type: succeed }\n");
    }
    let missing: BTreeSet<&str> = targets(&spec).filter(|id| !defines(&spec, id)).collect();
    let ends: String = missing.iter().map(|id| format!("  {id}: {{ type: succeed }}\n")).collect();
    let mut spec = spec.replacen("\nstates:\n", &format!("\nstates:\n{ends}"), 1);
    if kind == "Api" {
        // An Api without a contract is warned about.
        for name in ["input", "output"].iter().filter(|name| !has_member(&spec, name)).collect::<Vec<_>>() {
            spec.push_str(&format!("{name}: {{ schema: {{ type: object }} }}\n"));
        }
    }
    let head = "apiVersion: v1\nmetadata: { name: example, version: 1.0.0 }";
    Some(format!("{head}\nkind: {kind}\nspec:\n{}", indented(2, &spec)))
}

fn indented(by: usize, text: &str) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

fn first_key(text: &str) -> Option<&str> {
    text.lines().find(|line| !line.starts_with(['#', ' '])).and_then(|line| line.split(':').next())
}

fn has_member(spec: &str, name: &str) -> bool {
    spec.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
}

/// The ids behind `next`, `default` and `onTimeout`, wherever they stand.
fn targets(spec: &str) -> impl Iterator<Item = &str> {
    let members = ["next: ", "default: ", "onTimeout: "];
    members.into_iter().flat_map(|member| spec.split(member).skip(1)).filter_map(|rest| {
        let id = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next()?;
        (!id.is_empty()).then_some(id)
    })
}

/// Whether a key of that name stands somewhere.
fn defines(spec: &str, id: &str) -> bool {
    spec.lines().any(|line| line.trim_start().strip_prefix(id).is_some_and(|rest| rest.starts_with(':')))
}
