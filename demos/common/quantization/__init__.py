"""Fewer bits a weight: the formulas, and rounding whole models."""
