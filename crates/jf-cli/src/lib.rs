//! The jf command: check, serve, run and explain journeys.
