"""flowsync makes Azure ML Studio behave like a colleague who uses Git."""

__version__ = "0.1.0"
