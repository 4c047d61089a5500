"""The Textual terminal UI of flowsync. It talks to the engine through the daemon and core types only."""
