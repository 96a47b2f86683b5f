//! What is printed at the end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::load::{Rounds, Sample};

/// All results of one process run.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Line>);

#[derive(Debug)]
struct Line {
    name: String,
    ours: Measured,
    reference: Option<Measured>,
    /// Ours as a share of the reference: lowest, middle and highest of all rounds.
    ratios: Option<[f64; 3]>,
    /// The same by the time of the cores.
    cpu_ratio: Option<f64>,
    target: String,
    met: bool,
}

#[derive(Debug)]
struct Measured {
    text: String,
    value: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    cpu_us: Option<f64>,
    spread: Option<f64>,
}

impl Measured {
    fn sample((sample, spread): &(Sample, f64)) -> Self {
        Self {
            text: format!("{:.0}/s", sample.rate),
            value: sample.rate,
            p50_us: Some(sample.p50.as_secs_f64() * 1e6),
            p99_us: Some(sample.p99.as_secs_f64() * 1e6),
            cpu_us: sample.cpu.map(|cpu| cpu.as_secs_f64() * 1e6),
            spread: Some(*spread),
        }
    }

    fn json(&self) -> Value {
        json!({ "value": self.value, "p50Us": self.p50_us, "p99Us": self.p99_us, "cpuUs": self.cpu_us, "spread": self.spread })
    }

    fn details(&self) -> String {
        match (self.p50_us, self.p99_us, self.spread) {
            (Some(p50), Some(p99), Some(spread)) => {
                let cpu = self.cpu_us.map_or_else(String::new, |cpu| format!(", cores {cpu:.1} µs"));
                format!("p50 {p50:.0} µs, p99 {p99:.0} µs{cpu}, spread {:.0} %", spread * 100.0)
            }
            _ => String::new(),
        }
    }
}

impl Report {
    /// Two sides measured in turns; the target is a share of the reference, and the middle of all rounds counts.
    pub(crate) fn ratio(&mut self, name: String, rounds: &Rounds, target: f64) {
        let ratios = rounds.ratios();
        self.add(Line {
            name,
            ours: Measured::sample(&rounds.ours()),
            reference: Some(Measured::sample(&rounds.reference())),
            ratios: Some(ratios),
            cpu_ratio: rounds.cpu_ratio(),
            target: format!("≥ {target:.2} ×"),
            met: ratios[1] >= target,
        });
    }

    /// A time against that of a reference measured in turns with it; the target is a multiple of the reference.
    pub(crate) fn time_ratio(&mut self, name: String, ours: Duration, reference: Duration, target: f64) {
        let met = ours.as_secs_f64() <= target * reference.as_secs_f64();
        let [ours, reference] = [ours, reference].map(|time| {
            let value = time.as_secs_f64() * 1e6;
            Measured {
                text: format!("{value:.0} µs"),
                value,
                p50_us: None,
                p99_us: None,
                cpu_us: None,
                spread: None,
            }
        });
        let ratio = ours.value / reference.value;
        self.add(Line {
            name,
            ours,
            reference: Some(reference),
            ratios: Some([ratio; 3]),
            cpu_ratio: None,
            target: format!("≤ {target:.2} ×"),
            met,
        });
    }

    /// A figure of its own with a lower bound.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, unit: &str, target: f64) {
        let met = value >= target;
        self.plain(name, format!("{value:.0}{unit}"), value, format!("≥ {target:.0}{unit}"), met);
    }

    /// A figure of its own with an upper bound.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, unit: &str, target: f64) {
        let met = value <= target;
        self.plain(name, format!("{value:.1}{unit}"), value, format!("≤ {target:.0}{unit}"), met);
    }

    /// A figure that is right or wrong.
    pub(crate) fn exactly(&mut self, name: &str, value: f64, target: f64) {
        let met = value.total_cmp(&target).is_eq();
        self.plain(name, format!("{value:.0}"), value, format!("= {target:.0}"), met);
    }

    /// A figure of its own without a bound.
    pub(crate) fn figure(&mut self, name: &str, value: f64, unit: &str) {
        self.plain(name, format!("{value:.0}{unit}"), value, "none".to_owned(), true);
    }

    /// Something that was not measured, and why.
    pub(crate) fn skipped(&mut self, name: &str, why: &str) {
        self.plain(name, "not measured".to_owned(), f64::NAN, format!("({why})"), false);
    }

    fn plain(&mut self, name: &str, text: String, value: f64, target: String, met: bool) {
        let ours = Measured { text, value, p50_us: None, p99_us: None, cpu_us: None, spread: None };
        self.add(Line {
            name: name.to_owned(),
            ours,
            reference: None,
            ratios: None,
            cpu_ratio: None,
            target,
            met,
        });
    }

    fn add(&mut self, line: Line) {
        self.0.push(line);
    }

    /// Prints everything.
    #[expect(clippy::print_stdout, reason = "the report is the output of the program")]
    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            let lines: Vec<_> = self.0.iter().map(Line::json).collect();
            println!("{:#}", json!({ "measurements": lines }));
            return;
        }
        for line in &self.0 {
            println!("{}", line.text());
        }
    }
}

impl Line {
    fn text(&self) -> String {
        let verdict = if self.met { "met" } else { "MISSED" };
        let mut text = match (&self.reference, self.ratios) {
            (Some(reference), Some([low, ratio, high])) => format!(
                "{:<58} {:>10}  reference {:>10}  ratio {ratio:.2}{}  target {} {verdict}",
                self.name,
                self.ours.text,
                reference.text,
                self.cpu_ratio
                    .map_or_else(String::new, |cpu| format!(" ({low:.2} to {high:.2}, cores {cpu:.2})")),
                self.target
            ),
            _ => format!("{:<58} {:>10}  target {} {verdict}", self.name, self.ours.text, self.target),
        };
        for (side, measured) in [("ours", Some(&self.ours)), ("reference", self.reference.as_ref())] {
            if let Some(details) = measured.map(Measured::details).filter(|details| !details.is_empty()) {
                text.push_str(&format!("\n    {side:<10} {details}"));
            }
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "ours": self.ours.json(),
            "reference": self.reference.as_ref().map(Measured::json),
            "ratio": self.ratios.map(|[_, middle, _]| middle),
            "ratioOfCores": self.cpu_ratio,
            "ratioLowest": self.ratios.map(|[lowest, ..]| lowest),
            "ratioHighest": self.ratios.map(|[.., highest]| highest),
            "target": self.target,
            "met": self.met,
        })
    }
}
