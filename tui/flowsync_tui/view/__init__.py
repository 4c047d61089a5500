"""What the terminal UI knows and decides, without Textual: state, actions, words and glyphs."""
