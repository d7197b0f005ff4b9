"""Marp in a process of its own, and the Node.js, npm packages and browser that it needs.

The way in: `process.Marp` and `process.convert`.
"""
