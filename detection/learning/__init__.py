"""How the learned parts of the engine are made: pure functions from labelled mail to artifacts, always the same ones."""
