"""A deck as the lints read it: its author's own words, with file, line and slide.

The way in: `deck.read_deck`. `source` takes a template apart, `prose` finds the words in its
Markdown, `outline` knows which line is on which slide.
"""
