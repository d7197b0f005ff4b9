"""What demos gave, on disk: what is fresh, and what has changed since the last build.

The way in: `store.Store`; `fingerprint` is what makes a build with nothing to do quick.
"""
