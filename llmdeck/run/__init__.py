"""A demo as a process: its signature, its sandbox, many of them side by side.

The way in: `batch.run_jobs` computes variants; `interface.find_demos` says which demos there are.
"""
