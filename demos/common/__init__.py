"""What several demos share: texts and tokens, models and their sizes, Italian words, the figures' style."""
