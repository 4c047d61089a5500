"""Where the emulator keeps what it serves: real files in folders, and beside them what files cannot say."""
