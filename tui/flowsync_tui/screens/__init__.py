"""Screens: each composes widgets, asks through the app, and has the actions of its name in the registry."""
