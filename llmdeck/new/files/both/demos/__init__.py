"""The demos: what the slides say is computed here."""
