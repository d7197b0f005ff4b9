"""From a saved file to the page that shows it: the pipeline of `build` with everything kept that did not change.

What a save touches is made anew: a slide's template is rendered alone, Marp (a process that is
kept) converts that one first and the whole deck when nothing is being saved (see `quick`), and
pictures are inlined only in the slides whose HTML is another one. The result is, byte for byte,
what `build` makes but for what a server adds; it goes to browsers as the slides that changed where
nothing else did (see `shown`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from llmdeck.config import Config, load
from llmdeck.errors import DeckError, raise_all
from llmdeck.live.quick import changed_templates, converted_alone
from llmdeck.live.shown import Shown, Update, as_shown, difference, served, told
from llmdeck.marp.convert import Expected, convert
from llmdeck.marp.process import Marp
from llmdeck.model import Demo, Variant
from llmdeck.output.inline import Piece
from llmdeck.output.page import make_self_contained
from llmdeck.output.sources import Sources
from llmdeck.render.api import TemplateApi
from llmdeck.render.cache import RenderCache
from llmdeck.render.controls import PARTIALS, one_line, packed
from llmdeck.render.deck import SUFFIX, Rendered
from llmdeck.resolve import Project, complete
from llmdeck.run.batch import Progress, run_jobs
from llmdeck.run.interface import find_demos
from llmdeck.run.process import Running

MOST_KEPT = 4
"""How many pieces a slide may have had before all are forgotten."""
RENDERED = ("deck/claims.toml", "deck/deck.toml", "deck/results/", f"deck/{PARTIALS}/")
"""What changes the page only through what is rendered."""


@dataclass(frozen=True)
class Made:
    """What the page that is shown was made of."""

    rendered: Rendered
    fragments: Mapping[str, str]
    sources: Sources


class LiveDeck:
    """A deck that follows its sources. Not for two threads at once, but for `fragment`."""

    def __init__(self, config: Config, progress: Progress) -> None:
        self.config, self.progress = config, progress
        self.marp = Marp()
        self._whole: Marp | None = None
        """Another Marp, for the whole deck: meanwhile the first one converts what is saved."""
        self._running = Running()
        self.shown: Shown | None = None
        self.errors: Sequence[Mapping[str, Any]] = ()
        self._world: Project | None = None
        self._last: Project | None = None
        """The world before a save that is being taken in, or that can't be."""
        self._cache = RenderCache()
        self._fragments, self._pieces = dict[Variant, str](), dict[tuple[str, int], Piece]()
        self._converted: tuple[Any, str] = (None, "")
        self._partials: TemplateApi | None = None
        self._made: Made | None = None
        self.unsettled = False
        """True while slides are shown that were converted alone (see `quick`)."""

    def update(self, changed: Collection[Path] = ()) -> Update:
        """Build the deck anew after files have changed; without any, from nothing."""
        self._forget(changed)
        return self._tried(self._build)

    def close(self) -> None:
        """End Marp and the demos that run."""
        for marp in (self.marp, self._whole):
            if marp:
                marp.close()
        self._running.end()

    def convert_whole(self) -> tuple[Made | None, str | DeckError]:
        """Convert the deck that is shown as a whole, for `settle`; beside an `update`, which may go on meanwhile."""
        made = self._made
        if made is None:
            return None, ""
        try:
            self._whole = self._whole or Marp()
            return made, self._marp_html(
                self._whole, self.config, made.rendered.markdown, len(made.rendered.slides)
            )
        except DeckError as error:
            return made, error

    def settle(self, whole: tuple[Made | None, str | DeckError]) -> Update | None:
        """Show the deck as it was converted whole, unless it has changed since."""
        made, raw = whole
        if made is None or made is not self._made:
            return None
        self.unsettled = False
        return self._tried(lambda: self._finish(made, raw))

    def _tried(self, make: Callable[[], Shown]) -> Update:
        """What browsers are told of the deck that `make` gives, or of why it can't."""
        earlier = self.shown
        try:
            self.shown = make()
            self.errors = ()
        except DeckError as error:
            self.errors = told(error)
        except OSError as error:  # a file went while it was read: its going is the next change
            self.errors = told(DeckError(str(error)))
        return self._update(earlier)

    def _update(self, earlier: Shown | None) -> Update:
        if self.shown is None:
            return Update(build="", errors=self.errors)
        if earlier is None or self.errors or earlier.build == self.shown.build:
            return Update(build=self.shown.build, errors=self.errors)
        return difference(earlier, self.shown)

    def _forget(self, changed: Collection[Path]) -> None:
        """Forget what came from the changed files."""
        names = {self.config.relative(path) for path in changed}
        self._last = self._world or self._last
        slides = {
            name for name in names if name.startswith("deck/slides/") and name.endswith(SUFFIX)
        }
        others = names - slides
        if self._world:
            for name in names:
                self._world.store.digests.forget(name)
        if others or not changed:
            self._world = self._partials = None
            self._fragments.clear()
            self._pieces.clear()
        if not changed or any(
            name.startswith("deck/") and not name.startswith(RENDERED) for name in others
        ):
            self._converted, self._made = (None, ""), None

    def _build(self) -> Shown:
        if self._world is None:
            self.config = load(self.config.root)
            self._world = Project.read(self.config, cache=self._cache)
        world = self._world
        resolved = complete(world, self.progress, partial(run_jobs, running=self._running))
        if resolved.ran:
            self._partials = None
            self._fragments.clear()
            self._pieces.clear()
        raise_all(resolved.errors)
        return self._convert(world, resolved.rendered)

    def _convert(self, world: Project, rendered: Rendered) -> Shown:
        fragments = packed(rendered.controls, world.config, self._fragments)
        sources = Sources(
            folder=world.config.folder,
            themes=world.config.folder / "theme",
            packages=self.marp.folder / "node_modules",
            figures=rendered.figures,
            slides=rendered.slides,
        )
        earlier, self._made = self._made, Made(rendered, fragments, sources)
        made_of = (rendered.markdown, fragments, rendered.figures, world.config)
        if self.shown and made_of == self._converted[0] and self.shown.build == self._converted[1]:
            return self.shown
        alone = self._alone(world, earlier, self._made)
        if alone:
            self.unsettled = True
            return alone
        self.unsettled = False
        raw = self._marp_html(self.marp, world.config, rendered.markdown, len(rendered.slides))
        return self._finish(self._made, raw)

    def _finish(self, made: Made, raw: str | DeckError) -> Shown:
        """The page of the whole deck, from Marp's HTML."""
        if isinstance(raw, DeckError):
            raise raw
        rendered, ours = made.rendered, served(self.config, made.rendered.controls)
        shown = as_shown(
            make_self_contained(raw, made.sources, made.fragments, served=ours, kept=self._pieces)
        )
        if len(self._pieces) > MOST_KEPT * len(shown.slides):  # what was saved and saved again
            self._pieces.clear()
        self._converted = (
            (rendered.markdown, made.fragments, rendered.figures, self.config),
            shown.build,
        )
        return shown

    def _alone(self, world: Project, old: Made | None, new: Made) -> Shown | None:
        """The page with some slides converted alone, where that can be done."""
        if self.shown is None or old is None or self.errors or old.fragments != new.fragments:
            return None
        files = changed_templates(old.rendered, new.rendered)
        if not files:
            return None

        def convert_page(page: str, n_slides: int) -> str:
            return self._marp_html(self.marp, world.config, new.rendered.front + page, n_slides)

        changed = converted_alone(new.rendered, files, convert_page, new.sources)
        slides = [changed.get(place, slide) for place, slide in enumerate(self.shown.slides)]
        build = hashlib.sha256(
            f"{self.shown.build} {sorted(changed.items())}".encode()
        ).hexdigest()[:16]
        return replace(self.shown, build=build, slides=slides)

    def _marp_html(self, marp: Marp, config: Config, markdown: str, n_slides: int) -> str:
        expected = Expected(slides=n_slides, theme=config.deck.theme, lang=config.deck.lang)
        with tempfile.TemporaryDirectory(prefix="llmdeck-") as folder:
            source, target = Path(folder) / "deck.md", Path(folder) / "marp.html"
            source.write_text(markdown, encoding="utf-8")
            themes = sorted((config.folder / "theme").glob("*.css"))
            convert(source, target, expected, themes=themes, marp=marp)
            return target.read_text(encoding="utf-8")

    def fragment(
        self, demo: str, facts: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> str | None:
        """What the demo's partial shows of facts; nothing where it has none.

        Raises:
            TemplateError: where the partial can't show them.
        """
        world = self._world or self._last
        if world is None or not (world.config.folder / PARTIALS / f"{demo}.html.j2").is_file():
            return None
        partials = self._partials
        if partials is None:
            partials = self._partials = TemplateApi(
                config=world.config, demos=world.demos, claims=world.claims, results=world.results
            )
        return one_line(partials.fragment(demo, facts, parameters))

    @property
    def demos(self) -> Mapping[str, Demo]:
        """The demos that there are."""
        return self._world.demos if self._world else find_demos(self.config)
