"""Tests of the share: one contract for every backend, and what only one of them has."""
