"""Timings, which are no tests: `make bench` prints them."""
