//! Writing to the context of a scope, under its limits (STA-008, STA-009, DEF-203).

use std::sync::Arc;

use jf_core::run_fault;
use jf_core::spi::{TaskWrite, WriteTarget};
use jf_dsl::WritePath;
use serde_json::{Map, Value};

use crate::Limits;
use crate::failure::Failure;
use crate::flow::Scope;
use crate::measure::{compact_len, name_len};

/// The member of a context that holds the last submission (STA-067).
pub(crate) const PAYLOAD: &str = "payload";

/// Where a write goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// The whole context; the value must be an object.
    Whole,
    /// One member.
    Var(&'a str),
    /// A dot-path; missing objects are created.
    Path(&'a WritePath),
}

impl<'a> From<&'a WriteTarget> for Target<'a> {
    fn from(target: &'a WriteTarget) -> Self {
        match target {
            WriteTarget::Context => Self::Whole,
            WriteTarget::Var(name) => Self::Var(name),
            WriteTarget::Path(path) => Self::Path(path),
        }
    }
}

impl Scope {
    /// Writes one value. After an error the context is as it was.
    pub(crate) fn write(&mut self, target: Target<'_>, value: Value, limits: &Limits) -> Result<(), Failure> {
        let levels = match target {
            Target::Whole => 0,
            Target::Var(_) => 1,
            Target::Path(path) => path.segments().count(),
        };
        let depth = limits.depth().saturating_sub(levels);
        let added = compact_len(&value, depth).ok_or_else(too_large)?;
        match target {
            Target::Whole => {
                if !value.is_object() {
                    return Err(Failure::runtime(run_fault::TRANSFORM_RESULT));
                }
                if added > limits.context_bytes {
                    return Err(too_large());
                }
                self.context = Arc::new(value);
                self.weight = added;
                Ok(())
            }
            Target::Var(name) => self.bounded(name_len(name) + added, limits, |context| {
                match context.get_mut(name) {
                    Some(slot) => *slot = value,
                    None => drop(context.insert(name.to_owned(), value)),
                }
                Ok(())
            }),
            Target::Path(path) => {
                let names: usize = path.segments().map(|segment| name_len(segment) + 2).sum();
                self.bounded(names + added, limits, |context| {
                    path.write(context, value).map_err(|conflict| {
                        Failure::runtime_because(run_fault::PATH_CONFLICT, conflict.to_string())
                    })
                })
            }
        }
    }

    /// Applies the writes of one task in order, all or none.
    pub(crate) fn write_all(&mut self, writes: Vec<TaskWrite>, limits: &Limits) -> Result<(), Failure> {
        let before = (writes.len() > 1).then(|| (Arc::clone(&self.context), self.weight));
        for TaskWrite { target, value } in writes {
            if let Err(failure) = self.write(Target::from(&target), value, limits) {
                if let Some((context, weight)) = before {
                    (self.context, self.weight) = (context, weight);
                }
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Removes the last submission (STA-068).
    pub(crate) fn clear_payload(&mut self) {
        let Some(held) = self.context.as_object().filter(|members| members.contains_key(PAYLOAD)) else {
            return;
        };
        if Arc::strong_count(&self.context) == 1 {
            members(&mut self.context).shift_remove(PAYLOAD);
            return;
        }
        // It would have to be copied only to be removed. There is going to be another one.
        let mut rest = Map::with_capacity(held.len());
        rest.extend(
            held.iter()
                .filter(|(name, _)| *name != PAYLOAD)
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        self.context = Arc::new(Value::Object(rest));
    }

    /// Changes the context by at most `added` bytes and takes the change back when it makes the context too large.
    fn bounded(
        &mut self,
        added: usize,
        limits: &Limits,
        change: impl FnOnce(&mut Map<String, Value>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let weight = self.weight.saturating_add(added);
        if weight <= limits.context_bytes {
            change(members(&mut self.context))?;
            self.weight = weight;
            return Ok(());
        }
        // The weight is an upper bound that has run up over many writes: measure what the change really makes of it.
        let mut changed = Arc::clone(&self.context);
        change(members(&mut changed))?;
        let bytes = compact_len(&changed, limits.depth()).ok_or_else(too_large)?;
        if bytes > limits.context_bytes {
            return Err(too_large());
        }
        (self.context, self.weight) = (changed, bytes);
        Ok(())
    }
}

/// The members of a context, copied first if somebody else holds it.
pub(crate) fn members(context: &mut Arc<Value>) -> &mut Map<String, Value> {
    Arc::make_mut(context).as_object_mut().expect("a context is always an object (DEF-060)")
}

fn too_large() -> Failure {
    Failure::runtime_because(run_fault::INTERNAL, "the context is larger than the platform allows")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jf_core::spi::{TaskWrite, WriteTarget};
    use jf_dsl::StateId;
    use serde_json::{Value, json};

    use super::{Scope, Target};
    use crate::{Limits, measure};

    fn scope(context: Value) -> Scope {
        let weight = measure::compact_len(&context, 10).unwrap();
        Scope { state: StateId::parse("s").unwrap().into(), context: Arc::new(context), weight }
    }

    fn limits(bytes: usize) -> Limits {
        Limits { context_bytes: bytes, ..Limits::default() }
    }

    #[test]
    fn sta_009_paths_create_objects_and_never_replace_other_values() {
        let mut scope = scope(json!({ "a": null, "n": 1 }));
        let path = "a.b.c".parse().unwrap();
        scope.write(Target::Path(&path), json!(7), &Limits::default()).unwrap();
        assert_eq!(*scope.context, json!({ "a": { "b": { "c": 7 } }, "n": 1 }));
        let path = "n.b".parse().unwrap();
        let failure = scope.write(Target::Path(&path), json!(7), &Limits::default()).unwrap_err();
        assert_eq!(failure.code(), "urn:journeyforge:error:path-conflict");
        assert_eq!(*scope.context, json!({ "a": { "b": { "c": 7 } }, "n": 1 }));
    }

    #[test]
    fn sta_008_writes_of_one_task_apply_all_or_none() {
        let mut scope = scope(json!({ "n": 1 }));
        let writes = vec![
            TaskWrite { target: WriteTarget::Var("a".into()), value: json!(1) },
            TaskWrite { target: WriteTarget::Path("n.b".parse().unwrap()), value: json!(2) },
        ];
        let before = scope.clone();
        assert!(scope.write_all(writes, &Limits::default()).is_err());
        assert!(scope == before, "{:?}", scope.context);
    }

    #[test]
    fn def_203_the_ceiling_is_exact_however_often_a_value_is_replaced() {
        // {"a":"xxxxxxxxxx"} is 18 bytes.
        let mut scope = scope(json!({}));
        for _ in 0..10 {
            scope.write(Target::Var("a"), json!("x".repeat(10)), &limits(18)).unwrap();
        }
        let failure = scope.write(Target::Var("a"), json!("x".repeat(11)), &limits(18)).unwrap_err();
        assert_eq!(failure.code(), "urn:journeyforge:error:internal");
        assert_eq!(*scope.context, json!({ "a": "x".repeat(10) }));
        assert!(scope.write(Target::Whole, json!({ "a": "x".repeat(11) }), &limits(18)).is_err());
        assert!(scope.write(Target::Whole, json!({ "a": "x".repeat(10) }), &limits(18)).is_ok());
    }

    #[test]
    fn def_203_the_ceiling_counts_the_whole_context() {
        let mut scope = scope(json!({}));
        scope.write(Target::Var("a"), json!("x".repeat(40)), &limits(100)).unwrap();
        scope.write(Target::Var("b"), json!("x".repeat(38)), &limits(100)).unwrap();
        let path = "c.d".parse().unwrap();
        assert!(scope.write(Target::Path(&path), json!("x".repeat(10)), &limits(100)).is_err());
        assert!(scope.write(Target::Var("c"), json!("x"), &limits(100)).is_err());
        assert!(scope.write(Target::Var("c"), json!(""), &limits(100)).is_ok());
        assert_eq!(measure::compact_len(&scope.context, 10), Some(100));
    }

    #[test]
    fn def_203_contexts_cannot_be_nested_without_bound() {
        let limits = Limits { context_depth: 3, ..Limits::default() };
        let mut scope = scope(json!({}));
        assert!(scope.write(Target::Var("a"), json!([[1]]), &limits).is_ok());
        assert!(scope.write(Target::Var("a"), json!([[[1]]]), &limits).is_err());
        let path = "a.b.c".parse().unwrap();
        assert!(scope.write(Target::Path(&path), json!([1]), &limits).is_err());
    }
}
