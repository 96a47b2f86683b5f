//! What a task plugin works with while a definition is loaded.

use std::path::Path;

use jf_dsl::{
    Definition, Expression, ExpressionCheck, ExpressionFault, ExpressionFaultKind, JsonPath, Lang, Mapper,
    Severity, SiteClass, TaskFinding, TaskSite, Template,
};
use serde_json::{Map, Value};

use super::{BoundExpression, Registries, Site};

/// Compiles the expressions and placeholders of a task's configuration, and collects what is wrong with it.
///
/// Paths are read from the `task` object: `$` is the object itself.
#[derive(Debug)]
pub struct LoadContext<'a> {
    registries: &'a Registries,
    site: TaskSite<'a>,
    findings: Vec<TaskFinding>,
}

impl<'a> LoadContext<'a> {
    /// A context for one task.
    #[must_use]
    pub const fn new(registries: &'a Registries, site: TaskSite<'a>) -> Self {
        Self { registries, site, findings: Vec::new() }
    }

    /// The definition the task belongs to; see [`TaskSite::definition`] for what may be missing from it.
    #[must_use]
    pub const fn definition(&self) -> &'a Definition {
        self.site.definition
    }

    /// The folder that relative file references start from (DEF-065).
    #[must_use]
    pub const fn base(&self) -> Option<&'a Path> {
        self.site.base
    }

    /// Takes a finding.
    pub fn report(&mut self, finding: TaskFinding) {
        self.findings.push(finding);
    }

    /// Whether an error was reported so far.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Everything that was reported.
    #[must_use]
    pub fn into_findings(self) -> Vec<TaskFinding> {
        self.findings
    }

    /// Reports every member of `object` that is not in `known` (DEF-007), `x-…` members excepted (DEF-008).
    pub fn refuse_unknown(&mut self, path: &JsonPath, object: &Map<String, Value>, known: &[&str]) {
        for name in object.keys().filter(|name| !name.starts_with("x-") && !known.contains(&name.as_str())) {
            let path = path.clone().member(name.as_str());
            let mut finding = TaskFinding::error("DEF-007", path, format!("unknown member `{name}`"));
            finding = match jf_dsl::closest(name, known.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggestion(near),
                None => finding.help(format!("known members: {}", known.join(", "))),
            };
            self.report(finding);
        }
    }

    /// Compiles the mapper of a typed configuration, which stands at `path`. `None` when an error was reported.
    ///
    /// # Panics
    /// When the mapper is not one of [`LoadContext::definition`].
    pub fn bind(&mut self, path: &JsonPath, mapper: &Mapper, class: SiteClass) -> Option<BoundExpression> {
        let expression = self.site.definition.expression_of(mapper);
        let (lang, expr) = match mapper {
            Mapper::Inline(_) => {
                let inline = path.clone().member("mapper");
                (inline.clone().member("lang"), inline.member("expr"))
            }
            Mapper::Ref(_) => (path.clone().member("mapperRef"), path.clone().member("mapperRef")),
        };
        self.compile(expression, class, &lang, &expr)
    }

    /// Parses a text with placeholders (EXP-050 to EXP-054).
    pub fn template(&mut self, path: &JsonPath, text: &str) -> Option<Template> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                self.report(TaskFinding::error("EXP-051", path.clone(), error.to_string()));
                return None;
            }
        };
        if let Some(placeholder) = self.site.definition.undeclared_placeholder(&template) {
            let message = format!("`{placeholder}` names a key that `spec.platform.config` does not declare");
            self.report(TaskFinding::error("EXP-051", path.clone(), message));
            return None;
        }
        Some(template)
    }

    /// Reads the mapper of `holder`, an object at `path` with a member `mapper` or `mapperRef`, and compiles it (DEF-126,
    /// EXP-070). `None` when it holds neither, or when an error was reported.
    pub fn mapper(
        &mut self,
        path: &JsonPath,
        holder: &Map<String, Value>,
        class: SiteClass,
    ) -> Option<BoundExpression> {
        let at = |member: &str| path.clone().member(member);
        match (
            holder.get("mapper").filter(|v| !v.is_null()),
            holder.get("mapperRef").filter(|v| !v.is_null()),
        ) {
            (None, None) => None,
            (Some(_), Some(_)) => {
                let finding = TaskFinding::error(
                    "DEF-126",
                    at("mapperRef"),
                    "`mapper` and `mapperRef` exclude each other",
                )
                .help("keep one of them");
                self.report(finding);
                None
            }
            (Some(inline), None) => self.inline(&at("mapper"), inline, class),
            (None, Some(reference)) => self.reference(&at("mapperRef"), reference, class),
        }
    }

    fn inline(&mut self, path: &JsonPath, mapper: &Value, class: SiteClass) -> Option<BoundExpression> {
        let Some(object) = mapper.as_object() else {
            let finding =
                TaskFinding::error("EXP-001", path.clone(), "a mapper is an object with `lang` and `expr`");
            self.report(finding);
            return None;
        };
        self.refuse_unknown(path, object, &["lang", "expr"]);
        let mut text = |name: &str| {
            let value = object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            if value.is_none() {
                let message = format!("`{name}` must be a non-empty string");
                self.report(TaskFinding::error("EXP-001", path.clone().member(name), message));
            }
            value
        };
        let (lang, expr) = (text("lang"), text("expr"));
        let (lang, expr) = (lang?, expr?);
        let Ok(lang) = Lang::parse(lang) else {
            let message = format!("no expression engine is registered for `{lang}`");
            self.report(TaskFinding::error("EXP-002", path.clone().member("lang"), message));
            return None;
        };
        let expression = Expression { lang, expr: expr.into() };
        self.compile(&expression, class, &path.clone().member("lang"), &path.clone().member("expr"))
    }

    fn reference(&mut self, path: &JsonPath, reference: &Value, class: SiteClass) -> Option<BoundExpression> {
        let named = reference.as_str().and_then(|id| self.site.definition.spec.mappers.get(id));
        let Some(expression) = named else {
            let known: Vec<&str> = self.site.definition.spec.mappers.keys().map(|id| id.as_str()).collect();
            let id = reference.as_str().unwrap_or_default();
            let mut finding =
                TaskFinding::error("DEF-126", path.clone(), format!("`spec.mappers` has no mapper `{id}`"));
            if let Some(near) = jf_dsl::closest(id, known.iter().copied()) {
                finding = finding.help(format!("did you mean `{near}`?")).suggestion(near);
            }
            self.report(finding);
            return None;
        };
        self.compile(expression, class, path, path)
    }

    fn compile(
        &mut self,
        expression: &Expression,
        class: SiteClass,
        lang_path: &JsonPath,
        expr_path: &JsonPath,
    ) -> Option<BoundExpression> {
        let lang = &expression.lang;
        let site = Site::new(class)
            .with_extra(self.site.extra)
            .with_context_schema(self.site.definition.context_schema().map(|schema| schema.json()));
        match self.registries.compile(expression, site) {
            Ok(compiled) => Some(compiled),
            Err(ExpressionCheck::UnknownLanguage) => {
                let known = self.registries.languages().collect::<Vec<_>>().join(", ");
                let finding = TaskFinding::error(
                    "EXP-002",
                    lang_path.clone(),
                    format!("no expression engine is registered for `{lang}`"),
                );
                self.report(finding.help(format!("registered: {known}")));
                None
            }
            Err(ExpressionCheck::UnsupportedSite) => {
                let message = format!("`{lang}` cannot be used for {}", class.label());
                self.report(TaskFinding::error("EXP-030", lang_path.clone(), message));
                None
            }
            Err(check) => {
                for fault in faults(check) {
                    let mut finding = TaskFinding::error("EXP-004", expr_path.clone(), fault.message);
                    finding.help = fault.help;
                    self.report(finding);
                }
                None
            }
        }
    }
}

fn faults(check: ExpressionCheck) -> Vec<ExpressionFault> {
    match check {
        ExpressionCheck::Rejected(faults) => faults,
        _ => vec![ExpressionFault::new(ExpressionFaultKind::Syntax, "the expression was rejected")],
    }
}
