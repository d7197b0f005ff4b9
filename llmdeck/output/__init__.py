"""What Marp made becomes the files that people open.

The way in: `page.make_self_contained`.
"""
