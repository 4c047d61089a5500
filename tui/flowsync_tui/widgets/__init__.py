"""Widgets: they take data and post messages; none of them talks to the daemon."""
