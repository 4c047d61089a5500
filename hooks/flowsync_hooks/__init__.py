"""Git hook entry points of flowsync and their installer. Imports no git, azure, textual or watchdog."""
