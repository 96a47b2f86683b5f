//! `transform` (02 §6).

use std::sync::Arc;

use crate::capabilities::{Feature, SiteClass};
use crate::decode::{Decoder, Place, Special};
use crate::diagnostic::Fix;
use crate::edit;
use crate::ids::VarName;
use crate::model::definition::Kind;
use crate::model::expression::Mapper;
use crate::model::state::{Transform, TransformBlock, TransformTarget};
use crate::rules::{features, shape, states as rules};
use crate::value::path::WritePath;

#[derive(Clone, Copy, PartialEq)]
enum TargetKind {
    Context,
    Var,
    Attributes,
}

impl Decoder<'_> {
    pub(in crate::decode) fn transform_state(&mut self, place: &Place<'_>) -> Option<Transform> {
        self.state_members(place, &["transform", "next", "resultVar"]);
        let next = self.next(place);
        let block = self.required(place, "transform", "STA-002")?;
        self.object(&block, "STA-050")?;
        let members = ["mapper", "mapperRef", "lang", "expr", "target", "resultVar"];
        self.known_or(&block, &members, "DEF-007", |name| {
            (name == "exprRef").then(|| Special::Each(shape::retired_expr_ref()))
        });
        let mapper = self.transform_mapper(&block);
        let target = self.transform_target(place, &block);
        Some(Transform { transform: TransformBlock { mapper: mapper?, target: target? }, next: next? })
    }

    /// Exactly one of `mapper`, `mapperRef` and the pair `lang` + `expr` (STA-050).
    fn transform_mapper(&mut self, block: &Place<'_>) -> Option<Mapper> {
        let direct = block.get("lang").is_some() || block.get("expr").is_some();
        let named = Self::has_mapper(block);
        if direct && named {
            let fault =
                shape::does_not_fit("a transform has either `mapper`, `mapperRef`, or `lang` and `expr`");
            self.report(block, fault.rule("STA-050"));
            self.mentions(block);
            return None;
        }
        if direct {
            return self.lang_and_expr(block, SiteClass::Transform).map(Mapper::Inline);
        }
        if !named {
            if block.get("exprRef").is_none() {
                let fault =
                    shape::does_not_fit("a transform needs `mapper`, `mapperRef`, or `lang` and `expr`");
                self.report(block, fault.rule("STA-050"));
            }
            return None;
        }
        self.mapper(block, SiteClass::Transform, "STA-050")
    }

    fn transform_target(&mut self, state: &Place<'_>, block: &Place<'_>) -> Option<TransformTarget> {
        let inside = block.get("resultVar");
        let beside = state.get("resultVar");
        if let Some(beside) = &beside {
            if let Some(inside) = &inside {
                let fault =
                    shape::does_not_fit("`resultVar` stands inside `transform` already").rule("STA-003");
                self.report_key(beside, fault.label(inside.span(), "the one inside"));
                return None;
            }
            let fault = shape::deprecated(
                "`resultVar` beside `transform` is deprecated",
                "move it into the `transform` block",
            );
            let fix = self.result_var_into_block(state, block);
            self.report_key(beside, fault.rule("STA-003").fix(fix));
        }
        let result_var = inside.or(beside);
        let (kind, path) = match block.get("target") {
            None => (TargetKind::Context, None),
            Some(target) => {
                self.object(&target, "STA-051")?;
                self.known(&target, &["kind", "path"]);
                let kind = match target.get("kind") {
                    None => TargetKind::Context,
                    Some(kind) => self.target_kind(&kind)?,
                };
                (kind, self.target_path(&target, kind == TargetKind::Context)?)
            }
        };
        match (kind, result_var) {
            (TargetKind::Var, None) => {
                self.missing(block, "resultVar", "STA-052");
                None
            }
            (TargetKind::Var, Some(name)) => Some(TransformTarget::Var(self.variable(&name)?)),
            (_, Some(name)) => {
                let fault = shape::does_not_fit("`resultVar` belongs to `target.kind: var`").rule("STA-052");
                self.report_key(&name, fault.help("add `target: { kind: var }`, or remove `resultVar`"));
                None
            }
            (TargetKind::Context, None) => Some(TransformTarget::Context(path)),
            (TargetKind::Attributes, None) => Some(TransformTarget::Attributes),
        }
    }

    /// The repair that moves `resultVar` into the block.
    fn result_var_into_block(&self, state: &Place<'_>, block: &Place<'_>) -> Option<Fix> {
        let (beside, behind) = (state.node.member("resultVar")?, block.node.members().last()?);
        let edits = edit::move_member(self.source, state.node, beside, block.node, behind, "resultVar")?;
        Some(Fix::new("move `resultVar` into the `transform` block", edits))
    }

    fn variable(&mut self, place: &Place<'_>) -> Option<VarName> {
        self.result_var(place, "STA-006")
    }

    fn target_kind(&mut self, place: &Place<'_>) -> Option<TargetKind> {
        let kinds = [
            ("context", TargetKind::Context),
            ("var", TargetKind::Var),
            ("attributes", TargetKind::Attributes),
        ];
        let kind = self.one_of(place, "STA-051", &kinds)?;
        if kind == TargetKind::Attributes {
            if self.kind == Kind::Api {
                self.report(place, rules::not_on_api("attribute-writing transforms"));
            } else if !self.capabilities.supports(Feature::AttributeTransform) {
                self.report(place, features::unsupported(Feature::AttributeTransform, "STA-051"));
            }
        }
        Some(kind)
    }

    /// `target.path`, which goes with `kind: context` only (STA-052); the empty string equals omission (STA-053).
    pub(in crate::decode) fn target_path(
        &mut self,
        target: &Place<'_>,
        is_context: bool,
    ) -> Option<Option<WritePath>> {
        let Some(place) = target.get("path") else { return Some(None) };
        if !is_context {
            let fault = shape::does_not_fit("`path` belongs to `target.kind: context`").rule("STA-052");
            self.report_key(&place, fault);
            return None;
        }
        let text = self.text(&place, "STA-053")?;
        if text.is_empty() {
            return Some(None);
        }
        match WritePath::parse(Arc::clone(text)) {
            Ok(path) => Some(Some(path)),
            Err(error) => {
                self.report(&place, shape::malformed(text, "path", &error.to_string()).rule("STA-053"));
                None
            }
        }
    }
}
