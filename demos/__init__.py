"""The demos of the lecture: one module a demo, each plain Python that runs on its own.

Read in the order of the lecture: `tokenization`, `quantization`, `vram`. What several demos share
(figure style, Italian numbers) is in `demos.common`; the data that they read is in `demos/data`,
each file with its sources.
"""
