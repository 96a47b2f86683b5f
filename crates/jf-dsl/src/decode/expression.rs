//! Expressions and mappers where they stand (03, 01 §13).

use std::collections::HashSet;
use std::sync::Arc;

use super::{Decoder, Place, Special};
use crate::capabilities::{ExpressionCheck, ExpressionSite, SiteClass};
use crate::ids::{Lang, MapperId};
use crate::model::expression::{Expression, Mapper};
use crate::model::ordered::OrderedMap;
use crate::rules::{expressions as rules, shape};
use crate::source::Span;
use crate::tree::Node;

impl Decoder<'_> {
    /// `{lang, expr}` at a site of the class (EXP-001).
    pub(super) fn expression(
        &mut self,
        place: &Place<'_>,
        class: SiteClass,
        rule: &'static str,
    ) -> Option<Expression> {
        self.object(place, rule)?;
        let predicate = matches!(class, SiteClass::Predicate | SiteClass::StatusExpr);
        let unknown = if rule == "DEF-125" { rule } else { "DEF-007" };
        self.known_or(place, &["lang", "expr"], unknown, |name| match name {
            "exprRef" => Some(Special::Each(shape::retired_expr_ref())),
            "mapperRef" if predicate => Some(Special::Each(rules::no_reference_here())),
            _ => None,
        });
        self.lang_and_expr(place, class)
    }

    /// The members `lang` and `expr` of an object that may have others (EXP-001, STA-050).
    pub(super) fn lang_and_expr(&mut self, place: &Place<'_>, class: SiteClass) -> Option<Expression> {
        // `exprRef` and a misplaced `mapperRef` stand for the expression; one fault is enough.
        let replaced = ["exprRef", "mapperRef"].iter().any(|name| place.get(name).is_some());
        if replaced && place.get("expr").is_none() {
            return None;
        }
        let lang = self.required(place, "lang", "EXP-001");
        let lang = lang.and_then(|lang| self.name(&lang, "EXP-001", Lang::parse));
        let expr = self.required(place, "expr", "EXP-001");
        let expr = expr.and_then(|expr| Some((expr, self.non_empty(&expr, "EXP-001")?)));
        let (expr, text) = expr?;
        self.undeclared_config(&expr, text);
        let expression = Expression { lang: lang?, expr: Arc::clone(text) };
        self.check_expression(place, &expr, &expression, class).then_some(expression)
    }

    /// Asks the engine (EXP-002, EXP-004, EXP-030).
    fn check_expression(
        &mut self,
        place: &Place<'_>,
        expr: &Place<'_>,
        expression: &Expression,
        class: SiteClass,
    ) -> bool {
        let path = place.path();
        let site = ExpressionSite::new(expression.lang.as_str(), &expression.expr, class, &path)
            .with_context(self.context.as_ref())
            .with_extra(&self.extra);
        match self.capabilities.check_expression(&site) {
            ExpressionCheck::Accepted => return true,
            ExpressionCheck::UnknownLanguage => {
                let known = self.capabilities.languages();
                let fault = rules::unknown_language(expression.lang.as_str(), &known);
                self.report_member(place, "lang", fault);
            }
            ExpressionCheck::UnsupportedSite => {
                self.report_member(
                    place,
                    "lang",
                    rules::unsupported_site(expression.lang.as_str(), class, "EXP-030"),
                );
            }
            ExpressionCheck::Rejected(faults) => {
                for fault in faults {
                    let at = fault.at.clone();
                    let span = at.and_then(|at| self.inside(expr.node, &expression.expr, at.start, at.end));
                    self.report_at(expr.path(), span.unwrap_or_else(|| expr.span()), rules::rejected(fault));
                }
            }
        }
        false
    }

    /// Where bytes of a scalar's text stand in the source, when the two can be lined up.
    pub(super) fn inside(&self, node: &Node, text: &str, start: usize, end: usize) -> Option<Span> {
        let source = self.source.text().get(node.span.start..node.span.end)?;
        let map = |offset: usize| Some(node.span.start + line_up(source, text, offset)?);
        Some(Span::new(map(start)?, map(end.max(start))?))
    }

    /// Mentions of `platform.config` keys that are not declared (DEF-083).
    pub(super) fn undeclared_config(&mut self, expr: &Place<'_>, text: &str) {
        const PREFIX: &str = "platform.config.";
        let mut seen = HashSet::new();
        for (at, _) in text.match_indices(PREFIX) {
            let rest = &text[at + PREFIX.len()..];
            let end = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            let key = &rest[..end];
            if crate::ids::is_ident(key) && !self.config.contains_key(key) && seen.insert(key) {
                self.report(expr, rules::undeclared_config(key));
            }
        }
    }

    /// `mapper` or `mapperRef` of an object (DEF-126); `None` when neither is there or they are at fault.
    pub(super) fn mapper(
        &mut self,
        place: &Place<'_>,
        class: SiteClass,
        rule: &'static str,
    ) -> Option<Mapper> {
        let inline = place.get("mapper");
        let reference = place.get("mapperRef");
        if let (Some(inline), Some(reference)) = (&inline, &reference) {
            let fault = shape::does_not_fit("`mapperRef` stands in place of `mapper`").rule("DEF-126");
            self.report(reference, fault.label(inline.anchor(), "the mapper"));
            self.mentions(place);
            return None;
        }
        match (inline, reference) {
            (Some(inline), _) => self.expression(&inline, class, rule).map(Mapper::Inline),
            (None, Some(reference)) => self.mapper_ref(&reference, class),
            (None, None) => None,
        }
    }

    /// Whether the object has `mapper` or `mapperRef`.
    pub(super) fn has_mapper(place: &Place<'_>) -> bool {
        place.get("mapper").is_some() || place.get("mapperRef").is_some()
    }

    fn mapper_ref(&mut self, place: &Place<'_>, class: SiteClass) -> Option<Mapper> {
        let text = self.non_empty(place, "DEF-126")?;
        let Some((id, _)) = self.mappers.index_of(&**text).and_then(|at| self.mappers.get_index(at)) else {
            let mappers = std::mem::take(&mut self.mappers);
            let suggestion = self.meant(text, mappers.keys().map(MapperId::as_str));
            let fault = rules::unknown_mapper(text, suggestion);
            self.mappers = mappers;
            self.report(place, fault);
            return None;
        };
        let id = id.clone();
        self.used_mappers.insert(Arc::clone(text));
        // A mapper with faults of its own was reported where it stands.
        let expression = self.mappers.get(id.as_str())?.clone()?;
        match self.check_use(place, &id, &expression, class) {
            ExpressionCheck::UnsupportedSite => {
                self.report(place, rules::unsupported_site(expression.lang.as_str(), class, "EXP-030"));
                None
            }
            // What is wrong everywhere was reported; this is wrong here, and told with the others when all uses are known.
            ExpressionCheck::Rejected(faults) => {
                let used_at = place.span();
                self.rejected_uses.extend(faults.into_iter().map(|fault| (Arc::clone(text), fault, used_at)));
                None
            }
            ExpressionCheck::Accepted | ExpressionCheck::UnknownLanguage => Some(Mapper::Ref(id)),
        }
    }

    /// Asks the engine about the use of a named mapper: once for all sites that are alike, however often they name it.
    fn check_use(
        &mut self,
        place: &Place<'_>,
        id: &MapperId,
        expression: &Expression,
        class: SiteClass,
    ) -> ExpressionCheck {
        let alike = (id.clone(), class, self.extra.clone(), self.context.is_some());
        if let Some(known) = self.uses.get(&alike) {
            return known.clone();
        }
        let path = place.path();
        let site = ExpressionSite::new(expression.lang.as_str(), &expression.expr, class, &path)
            .with_context(self.context.as_ref())
            .with_extra(&self.extra);
        let check = self.capabilities.check_expression(&site);
        self.uses.insert(alike, check.clone());
        check
    }

    /// `spec.mappers` (DEF-125).
    pub(super) fn named_mappers(&mut self, place: &Place<'_>) {
        if self.object(place, "DEF-125").is_none() {
            return;
        }
        // Which names are bound and what the context holds depends on the place of use, where it is judged (DEF-127).
        let context = self.context.take();
        for (key, entry) in place.entries() {
            let Some(id) = self.key(key, &entry, "DEF-125", MapperId::parse) else { continue };
            let expression = self.binding(&["branches", "outcome", "output"], |decoder| {
                decoder.expression(&entry, SiteClass::Transform, "DEF-125")
            });
            if expression.is_none() {
                self.faulty_mappers.insert(Arc::clone(key));
            }
            self.mappers.insert(id, expression);
        }
        self.context = context;
    }

    /// The named mappers for the model, after reporting what is wrong with them where they are used (DEF-127) and those
    /// that nothing uses (DEF-128).
    pub(super) fn finish_mappers(&mut self, place: Option<&Place<'_>>) -> OrderedMap<MapperId, Expression> {
        let mappers = std::mem::take(&mut self.mappers);
        let mut told = HashSet::new();
        for (id, fault, used_at) in std::mem::take(&mut self.rejected_uses) {
            let mapper = place.and_then(|place| place.get(&id));
            let expr = mapper.as_ref().and_then(|mapper| mapper.get("expr"));
            let (Some(expr), true) = (expr, told.insert((Arc::clone(&id), fault.message.clone()))) else {
                continue;
            };
            let text = expr.text().map_or("", |text| text);
            let span = fault.at.clone().and_then(|at| self.inside(expr.node, text, at.start, at.end));
            let fault = rules::rejected(fault).label(used_at, "used here");
            self.report_at(expr.path(), span.unwrap_or_else(|| expr.span()), fault);
        }
        for (key, entry) in place.into_iter().flat_map(Place::entries) {
            if !self.used_mappers.contains(key) && mappers.contains_key(&**key) {
                self.report_key(&entry, rules::unused_mapper(key));
            }
        }
        mappers.iter().filter_map(|(id, mapper)| Some((id.clone(), mapper.clone()?))).collect()
    }
}

/// The offset in the source of a scalar that holds the byte `offset` of its text. Plain and quoted scalars on one line
/// and literal blocks can be lined up; with escapes and folding there is no answer.
fn line_up(source: &str, text: &str, offset: usize) -> Option<usize> {
    if offset > text.len() {
        return None;
    }
    if source == text {
        return Some(offset);
    }
    let quoted = source.len() == text.len() + 2 && source.get(1..source.len() - 1) == Some(text);
    if quoted {
        return Some(offset + 1);
    }
    // A literal block: every line is the line of the text behind the indentation.
    let mut source_at = 0;
    let mut text_at = 0;
    for line in text.split_inclusive('\n') {
        let source_line = source[source_at..].split_inclusive('\n').next()?;
        let content = line.trim_end_matches('\n');
        let indent = source_line.trim_end_matches(['\n', '\r']).strip_suffix(content)?;
        if !indent.bytes().all(|b| b == b' ') {
            return None;
        }
        if offset < text_at + line.len() || text_at + line.len() == text.len() {
            return Some(source_at + indent.len() + (offset - text_at));
        }
        source_at += source_line.len();
        text_at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::line_up;

    #[test]
    fn exp_004_positions_inside_an_expression() {
        assert_eq!(line_up("a + b", "a + b", 2), Some(2));
        assert_eq!(line_up("'a + b'", "a + b", 2), Some(3));
        assert_eq!(line_up("a\n    b c\n", "a\nb c\n", 4), Some(8), "a literal block");
        assert_eq!(line_up("\"a\\n b\"", "a\n b", 3), None, "escapes");
        assert_eq!(line_up("a b\n   c", "a b c", 4), None, "folded");
    }
}
