"""Marp in a process of its own, and the Node.js, npm packages and browser that it needs.

The way in: `process.Marp`, and `convert.convert`, which uses it and verifies what came out.
"""
