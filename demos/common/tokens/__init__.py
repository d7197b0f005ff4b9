"""Tokens: as a reader sees them, in which vocabulary, learned by which trainer, drawn as blocks."""
