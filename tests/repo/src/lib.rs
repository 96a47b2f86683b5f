//! The trace from the rules of `docs/spec` to the tests that hold them.
//!
//! [`Spec`] reads the rules, [`Trace`] reads everything else in the repository and notes who cites which
//! rule, [`report`] prints it. The command is `cargo rules` (`src/bin/rules.rs`). This crate stands beside
//! the others: it depends on none of them, so that it builds in a second.
//!
//! What counts as a citation is fixed in `docs/spec/README.md`:
//!
//! - an id in the name of a test or of a module around it: `eng_045_…` cites ENG-045, `sub_6_…` cites SUB-6;
//! - an id in the comment or doc comment directly on a test function;
//! - an id under `covers:` in a scenario, or behind `covers:` in the comment of a foreign test;
//! - an id that a file in `tests/cases/` is named after, or that is the rule of a finding behind its `expect:`;
//! - a function named after a rule in test code that is no test by itself: a case of a conformance suite.
//!
//! Comments elsewhere, and string literals that are exactly one id, say what code *implements*; they are
//! listed apart and never count as tested. A citation of an id that the specification does not define is an
//! error wherever it stands, documentation included.
//!
//! ```
//! use jf_repo_tests::{Spec, Trace};
//!
//! let mut spec = Spec::default();
//! spec.read("docs/spec/05-engine.md", "- **ENG-045** MUST. The payload is projected in the same commit.\n");
//! let mut trace = Trace::new(spec);
//! trace.read("tests/steps.rs", "#[test]\nfn eng_045_one_commit() {}\n");
//! assert_eq!(trace.citations()[0].len(), 1);
//! assert!(trace.undefined().is_empty());
//! ```

mod covers;
mod exceptions;
mod ids;
mod lexer;
pub mod page;
pub mod report;
mod rust;
mod spec;
pub mod table;
mod trace;
mod tree;
mod values;

pub use exceptions::{EXCEPTIONS, Exception, exception};
pub use ids::{Found, ids_in_name, ids_in_text};
pub use spec::{Level, Rule, Spec};
pub use trace::{Citation, Kind, Trace, Undefined};
pub use tree::{find_root, sources};
pub use values::plain_values;
