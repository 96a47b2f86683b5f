//! Journey documents: spanned parsing, the typed model, validation, diagnostics.
