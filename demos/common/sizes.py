"""How large models are, in words and on a logarithmic axis: one row a family, one dot a model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from demos.common.italian import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAMILY_NAMES = {
    "gpt2": "GPT-2",
    "gpt3": "GPT-3",
    "llama1": "LLaMA",
    "llama2": "Llama 2",
    "llama3": "Llama 3",
    "llama3.1": "Llama 3.1",
    "mistral": "Mistral 7B",
    "gemma": "Gemma",
    "qwen1.5": "Qwen1.5",
    "phi3": "Phi-3",
    "deepseek-coder": "DeepSeek-Coder",
    "codellama": "Code Llama",
}


def in_words(count: float) -> str:
    """Write a count of parameters as one says it.

    >>> in_words(174604259328), in_words(124439808)
    ('174,6 miliardi', '124 milioni')
    """
    return (
        f"{number(count / 1e9, 1)} miliardi"
        if count >= 1e9
        else f"{number(count / 1e6, 0)} milioni"
    )


def listed(billions: Iterable[float]) -> str:
    """Write several sizes, in billions of parameters, one decimal each.

    >>> listed([2.506172416, 8.537680896])
    '2,5 · 8,5'
    """
    return " · ".join(number(size, 1) for size in billions)


def draw_decades(axes: "Axes", low: float = 1e8, high: float = 2.2e12) -> None:
    """Make the horizontal axis logarithmic, from `low` to `high` parameters, with a mark at every power of ten."""
    names = {
        1e8: "100 milioni",
        1e9: "1 miliardo",
        1e10: "10 miliardi",
        1e11: "100 miliardi",
        1e12: "1.000 miliardi",
    }
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(list(names), list(names.values()))
    axes.minorticks_off()
    axes.get_xticklabels()[0].set_horizontalalignment(
        "left"
    )  # centred, the first would run into the family names
    axes.grid(axis="x")


def name_rows(axes: "Axes", names: list[str], bold: set[int]) -> None:
    """Write a name in front of each row, the first on top; those whose place is in `bold` stand out."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, label in enumerate(axes.get_yticklabels()):
        label.set_fontweight(600 if row in bold else "normal")
