"""The demos of the lecture: one module a demo, each plain Python that runs on its own.

In the order of the lecture's topics:

- the whole: `next_token`, `transformer`;
- tokens: `tokenization`, `bpe`, `vocabularies`, `letters`, `fertility`;
- vectors: `embedding`;
- layers: `position`, `attention_by_hand`, `attention`, `layer_by_layer`;
- training: `gradient_descent`, `from_scratch`, `parameters`, `overfitting`, `training_cost`;
- from model to assistant: `fine_tuning`, `chat_template`, `examples_in_prompt`;
- limits: `calibration`, `retrieval`, `thinking`, `bias`, `bias_mitigation`;
- how much it weighs: `vram`, `quantization`, `perplexity`, `kv_cache`;
- open models: `open_models`; the draft that all of it grew from: `draft`.

A demo computes and prints; what draws its figure is in `demos.figures`, in a module of the same
name. What several demos share is in `demos.common`, a module a subject; the language model that
many of them run is `demos.smollm`; the data that they read is in `demos/data`, each file with its
sources.
"""
