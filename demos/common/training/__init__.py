"""Training: what it costs, and what a model that learned nothing would do."""
