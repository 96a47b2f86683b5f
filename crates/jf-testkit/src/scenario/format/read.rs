//! The top of a scenario file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jf_core::dsl::{Diagnostics, NodeValue, SizeLimits, SourceFile, parse_rfc3339, read_tagged_tree};

use super::keys::SCENARIO;
use super::reader::{Fields, Place, Reader};
use super::steps::Names;
use super::{Scenario, faults};
use crate::ManualClock;
use crate::scenario::DriverKind;

pub(super) fn read(source: &SourceFile) -> Result<Scenario, Diagnostics> {
    let root = read_tagged_tree(source, &SizeLimits::default())?;
    let mut reader = Reader { source, faults: Vec::new() };
    let scenario = reader.scenario(&Place::root(&root));
    match scenario {
        Some(scenario) if reader.faults.is_empty() => Ok(scenario),
        _ => {
            reader.faults.sort_by_key(|fault| fault.span.map_or(0, |span| span.start));
            Err(reader.faults.into_iter().collect())
        }
    }
}

impl Reader<'_> {
    fn scenario(&mut self, root: &Place<'_>) -> Option<Scenario> {
        let fields = self.fields(root, &SCENARIO)?;
        let name = self.required(&fields, &SCENARIO, "scenario").and_then(|place| self.text(&place));
        let definitions = self.definitions(&fields);
        let covers = self.texts(fields.get("covers"), "`covers`");
        let drivers = fields.get("drivers").map(|place| self.drivers(&place));
        let config = fields.get("config").and_then(|place| match place.node.value {
            NodeValue::Object(_) => {
                // Reports matchers, which have no place there.
                self.plain(&place);
                Some(place.node.clone())
            }
            _ => {
                self.wrong(&place, "`config` is a mapping of configuration keys");
                None
            }
        });
        let clock = fields.get("clock").and_then(|place| {
            let text = self.text(&place)?;
            let time = parse_rfc3339(&text);
            if time.is_none() {
                self.report(&faults::WRONG_VALUE, &place, "this is a time such as `2026-01-05T08:00:00Z`");
            }
            time
        });
        let secrets = self.words(fields.get("secrets"), "`secrets`");
        let mut names = Names::default();
        let stubs = fields.get("stubs").map(|place| self.stubs(&place, &mut names)).unwrap_or_default();
        let steps = self.required(&fields, &SCENARIO, "steps");
        let steps = steps.map(|place| self.steps(&place, &mut names)).unwrap_or_default();
        Some(Scenario {
            source: self.source.clone(),
            name: name?,
            covers,
            definitions,
            drivers,
            config,
            clock: clock.unwrap_or_else(|| jf_core::spi::Clock::now(&ManualClock::default())),
            secrets: secrets.into_iter().collect::<BTreeMap<_, _>>(),
            stubs,
            steps,
        })
    }

    fn definitions(&mut self, fields: &Fields<'_>) -> Vec<PathBuf> {
        let Some(place) = self.required(fields, &SCENARIO, "definitions") else { return Vec::new() };
        let base = self.source.base().map(PathBuf::from).unwrap_or_default();
        let paths = self.texts(Some(place.clone()), "`definitions`");
        if paths.is_empty() && matches!(place.node.value, NodeValue::Array(_)) {
            self.report(&faults::WRONG_VALUE, &place, "`definitions` names one file or folder at least");
        }
        paths.into_iter().map(|path| base.join(path)).collect()
    }

    fn drivers(&mut self, place: &Place<'_>) -> Vec<DriverKind> {
        let mut drivers = Vec::new();
        for item in self.list(place, "`drivers`") {
            let Some(text) = self.text(&item) else { continue };
            match DriverKind::parse(&text) {
                Some(driver) if drivers.contains(&driver) => {}
                Some(driver) => drivers.push(driver),
                None => self.report(
                    &faults::WRONG_VALUE,
                    &item,
                    format!("`{text}` is no driver; there are `engine`, `http` and `websocket`"),
                ),
            }
        }
        drivers
    }

    fn texts(&mut self, place: Option<Place<'_>>, what: &str) -> Vec<String> {
        let Some(place) = place else { return Vec::new() };
        self.list(&place, what).iter().filter_map(|item| self.text(item)).collect()
    }
}
