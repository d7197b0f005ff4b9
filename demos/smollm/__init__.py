"""SmolLM2-135M-Instruct, a real LLM small enough to run in the lecture: 134.5 M weights, in NumPy.

Read in this order: `transformer` (the model itself) and `cache`, `generate` (one token after
another), `tokenizer`, then `weights` and `reader` (how 92 MB on disk become 538 MB of float32).

Model: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct (Apache-2.0), paper
https://arxiv.org/abs/2502.02737. It learned from English almost only: in Italian it stumbles, and a
slide that lets it speak Italian says so.
"""
