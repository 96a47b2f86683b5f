//! `transform`: computes a value into the context or the attributes (02 §6).

use indexmap::IndexMap;
use jf_core::run_fault;
use jf_dsl::{JsonPath, MetadataLimits, SiteClass, StateId, TransformTarget, value_to_text};
use serde_json::Value;

use super::{Index, Next};
use crate::context::Target;
use crate::failure::Failure;
use crate::link::{Expr, Linker};
use crate::machine::Machine;
use crate::program::StateIndex;

/// A linked `transform` state.
#[derive(Debug)]
pub(crate) struct Transform {
    mapper: Expr,
    target: TransformTarget,
    next: StateIndex,
}

impl Transform {
    pub(super) fn link(
        transform: &jf_dsl::Transform,
        path: &JsonPath,
        index: &Index,
        linker: &mut Linker<'_>,
    ) -> Option<Self> {
        let path = path.clone().member("transform");
        let next = linker.target(index, &transform.next);
        let mapper = linker.mapper(&transform.transform.mapper, SiteClass::Transform, &path)?;
        Some(Self { mapper, target: transform.transform.target.clone(), next })
    }

    /// The result goes to one place or, when it does not fit there, nowhere: the state fails (STA-054 to STA-058).
    pub(super) fn enter(
        &self,
        id: &StateId,
        flow: usize,
        machine: &mut Machine<'_>,
    ) -> Result<Next, Failure> {
        let value = machine.evaluate(flow, &self.mapper).map_err(|error| {
            machine.expression_failed(Some(id), "transform", &self.mapper, &error);
            Failure::expression(&error)
        })?;
        match &self.target {
            TransformTarget::Var(name) => machine.write(flow, Target::Var(name.as_str()), value)?,
            TransformTarget::Context(path) if value.is_object() => {
                machine.write(flow, path.as_ref().map_or(Target::Whole, Target::Path), value)?;
            }
            TransformTarget::Attributes => {
                let added = attributes(value, machine.attributes(), &machine.limits().metadata)?;
                machine.add_attributes(added);
            }
            TransformTarget::Context(_) => return Err(Failure::runtime(run_fault::TRANSFORM_RESULT)),
        }
        Ok(Next::Go(self.next))
    }
}

/// The attributes that a result adds, all or none of them (STA-056).
fn attributes(
    value: Value,
    present: &IndexMap<String, String>,
    limits: &MetadataLimits,
) -> Result<Vec<(String, String)>, Failure> {
    let Value::Object(members) = value else { return Err(Failure::runtime(run_fault::TRANSFORM_RESULT)) };
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    let added: Vec<(String, String)> =
        members.map(|(key, value)| (key, value_to_text(&value).into_owned())).collect();
    if added.iter().any(|(key, _)| present.contains_key(key)) {
        return Err(Failure::runtime(run_fault::ATTRIBUTE_EXISTS));
    }
    let fits = |text: &str, most: u64| text.chars().count() as u64 <= most;
    let each = added.iter().all(|(key, value)| {
        fits(key, limits.attributes.max_key_length) && fits(value, limits.attributes.max_value_length)
    });
    if !each || (present.len() + added.len()) as u64 > limits.attributes.max_keys {
        return Err(Failure::runtime(run_fault::ATTRIBUTE_LIMIT));
    }
    Ok(added)
}
