"""Pure judgement: trees, plans, flows, findings, merges. No I/O, no clock, no Git, no Azure."""
