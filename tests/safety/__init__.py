"""Proof of the promises in docs/safety.md: simulation, faults, kills, races, and the mutants they must catch."""
