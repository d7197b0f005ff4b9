"""Templates become Markdown, and it is known which line made which slide from which facts.

The way in: `deck.Renderer`. What templates call is in `api`, their filters in `numbers` and
`environment`.
"""
