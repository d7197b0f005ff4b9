"""The figure of `attention`: a head as a heat map, and beside it, in words, its strongest looks."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from demos.common.style import GREY, LIGHT, VERMILION, new_canvas, write
from demos.common.tokens.blocks import FONTS, drawable
from demos.common.tokens.pieces import one_line, shorten
from demos.common.words import percent

LEFT, TOP = 170.0, 104.0  # where the map begins
MOST = 12  # rows, each as high as a line of text
BESIDE = 800  # where the words begin
READING = (
    "Chi guarda: le righe.",
    "Chi è guardato: le colonne.",
    "Ogni riga somma a 100.",
    "Nessuno guarda avanti.",
)


def findings(facts: dict, most: int = 4) -> list[tuple[int, int]]:
    """Choose the pairs of tokens to point at: looks of at least 30%, and not at the first token.

    >>> looks = [{"to": 0, "share": 1.0}, {"to": 1, "share": 0.7}, {"to": 1, "share": 0.4}]
    >>> findings({"strongest": looks})
    [(2, 1)]
    """
    looks = []
    for place, look in enumerate(facts["strongest"]):
        if 0 < look["to"] < place < MOST and look["share"] >= 0.3:
            looks.append((-look["share"], place, look["to"]))
    return [(place, to) for _, place, to in sorted(looks)[:most]]


def plot(facts: dict) -> Figure:
    """Draw the heat map, where rows look at columns; beside it, in words, the strongest looks."""
    figure, axes = new_canvas()
    draw_map(axes, facts)
    name_head(axes, facts)
    write_findings(axes, facts)
    for n, line in enumerate(READING):
        write(axes, BESIDE, 288 + 36 * n, line, 24)
    return figure


def draw_map(axes: Axes, facts: dict) -> None:
    """Draw a cell for each pair of tokens, darker where the look is stronger."""
    n_rows = min(facts["n_tokens"], MOST)
    wide, high = min(62.0, 540 / n_rows), min(40.0, 320 / n_rows)
    if n_rows < facts["n_tokens"]:
        left_out = f"… e altri {facts['n_tokens'] - n_rows} token"
        write(axes, LEFT + 530, TOP + 60, left_out, 24, color=GREY, ha="right")
    for i, piece in enumerate(facts["pieces"][:n_rows]):
        middle = (LEFT + wide * (i + 0.5), TOP + high * (i + 0.5))
        name_token(axes, drawable(shorten(piece, 10)), middle)
        for j, share in enumerate(facts["matrix"][i][: i + 1]):
            draw_cell(axes, (i, j), (wide, high), share)
    frame = {"fill": False, "ec": VERMILION, "lw": 3.5, "zorder": 5}
    for i, j in findings(facts):
        axes.add_patch(Rectangle(corner(i, j, wide, high), wide, high, **frame))


def corner(i: int, j: int, wide: float, high: float) -> tuple[float, float]:
    """Return the left top corner of the cell in row i and column j.

    >>> corner(0, 2, 40.0, 30.0)
    (250.0, 104.0)
    """
    return LEFT + wide * j, TOP + high * i


def name_token(axes: Axes, label: str, middle: tuple[float, float]) -> None:
    """Write a token's text before its row and above its column, which meet at `middle`."""
    x, y = middle
    slanted = {"rotation": 38, "rotation_mode": "anchor", "ha": "left", "va": "bottom"}
    write(axes, LEFT - 12, y, label, 24, ha="right", family=FONTS)
    write(axes, x - 6, TOP - 8, label, 24, family=FONTS, **slanted)


def draw_cell(axes: Axes, place: tuple[int, int], size: tuple[float, float], share: float) -> None:
    """Draw the cell of a row and a column, with its share written in where it has room."""
    (i, j), (wide, high) = place, size
    axes.add_patch(
        Rectangle(corner(i, j, wide, high), wide, high, facecolor=shade(share), ec=LIGHT)
    )
    if share >= 0.095 and high >= 26:
        middle = (LEFT + wide * (j + 0.5), TOP + high * (i + 0.5))
        weight = 600 if share >= 0.5 else "normal"
        write(axes, *middle, f"{round(100 * share)}", 24, ha="center", weight=weight)


def shade(share: float) -> tuple[float, float, float]:
    """Turn a share into a colour from white to a blue that black numbers can be read on (5.8:1).

    >>> shade(0), shade(1)
    ((1.0, 1.0, 1.0), (0.3, 0.62, 0.88))
    """
    strength = share**0.7
    return tuple(round(1 - strength * (1 - part), 3) for part in (0.3, 0.62, 0.88))  # type: ignore[return-value]


def name_head(axes: Axes, facts: dict) -> None:
    """Write beside the map which head it is."""
    layer, head = facts["layer"], facts["head"]
    write(axes, BESIDE, 30, f"Strato {layer}, testa {head}", 26, weight=600)
    write(axes, BESIDE, 66, f"una di {facts['n_all_heads']}, si conta da 0", 24, color=GREY)


def write_findings(axes: Axes, facts: dict) -> None:
    """Write the strongest looks in words, each with its share."""
    for n, (i, j) in enumerate(findings(facts)):
        here, there = (drawable(shorten(facts["pieces"][place], 8)) for place in (i, j))
        y, share = 126 + 40 * n, percent(facts["matrix"][i][j], 0)
        write(axes, BESIDE, y, f"{here} → {there}", 24, family=FONTS, color=VERMILION)
        write(axes, 1118, y, share, 24, weight=600, ha="right", color=VERMILION)


def alt(facts: dict) -> str:
    """Say in words what the figure shows."""
    pieces, looks = [shorten(piece) for piece in facts["pieces"]], []
    for i, j in findings(facts):
        looks.append(f"{pieces[i]} guarda {pieces[j]} al {percent(facts['matrix'][i][j], 0)}")
    strongest = f"Gli sguardi più forti: {', '.join(looks)}. " if looks else ""
    return (
        f"Mappa dell’attenzione di «{one_line(facts['text'], 100)}» nello strato "
        f"{facts['layer']}, testa {facts['head']}: un triangolo, perché ogni token guarda solo sé "
        f"stesso e i precedenti. {strongest}"
        f"Al primo token va in media il {percent(facts['share_first'], 0)}."
    )
