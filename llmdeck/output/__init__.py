"""What Marp made becomes the files that people open.

The way in: `formats.FORMATS`, what a deck can be built as, and `page.make_self_contained`.
"""
