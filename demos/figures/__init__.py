"""The figures of the demos: in a module of the demo's name, `plot` draws, `alt` says it in words.

A demo imports nothing from here: a module of this folder is imported only where its figure is
wanted, so that a demo that prints does without matplotlib, which takes 0.7 s to import.
"""
