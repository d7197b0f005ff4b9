"""The bias test: its question, its occupations, and what training against it does."""
