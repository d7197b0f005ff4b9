"""The deck on a server of one's own machine: it follows what is saved; controls take any value.

Read `deck` first (from a saved file to the page that shows it), then `app` (the page) and `demos`
(what demos are asked); `start` is what `llmdeck live` calls.
"""
