"""The demos' figures, and what they show in words."""
