"""Sentences as vectors: the encoder, and what fewer bits do to it."""
