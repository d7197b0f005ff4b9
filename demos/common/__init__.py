"""What several demos share, a module a subject: texts, tokens, models, words, style."""
