"""What a reader would stumble on, one file a lint: see `run`; `deck` is what they read."""
