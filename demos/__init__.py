"""The demos of the lecture: one module a demo, each plain Python that runs on its own.

In the order of the lecture: `next_token`, `transformer`, `attention`, `embedding`; `parameters`,
`overfitting`; `quantization`, `perplexity`; `tokenization`, `bpe`, `vocabularies`, `fertility`;
`fine_tuning`; `open_models`, `training_cost`; `vram`, `kv_cache`; `bias`, `bias_mitigation`.

A demo computes and prints; what draws its figure is in `demos.figures`, in a module of the same
name. What several demos share is in `demos.common`, a module a subject; the language model that
many of them run is `demos.smollm`; the data that they read is in `demos/data`, each file with its
sources.
"""
