//! Benchmarks against references measured in the same run.
