"""From a saved file to the page that shows it: the steps of `build`, but only what changed.

Each step keeps the last thing that it made, with the inputs that it was made from (see `latest`):
settings, ledger, stored results, what slides have in common, Marp's HTML, pieces with their
pictures inlined, and the page. A saved template is shown first with its slides converted alone
(see `single`), and the whole deck is converted when nothing is being saved. The page is, byte for
byte, what `build` makes but for what a server adds.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from llmdeck import ledger
from llmdeck.config import FILE as SETTINGS
from llmdeck.config import Config, load
from llmdeck.errors import DeckError, DemoError, raise_all
from llmdeck.live.inputs import Files, Shared, Source, Stored, find_files, read_store
from llmdeck.live.latest import Latest
from llmdeck.live.page import (
    LivePage,
    Update,
    difference,
    errors_of,
    in_pieces,
    live_part,
    with_slides,
)
from llmdeck.live.single import changed_templates, convert_alone
from llmdeck.marp.kept import KeptMarp
from llmdeck.marp.process import Expected, convert
from llmdeck.model import Claim, Demo, Variant
from llmdeck.output.page import SLIDE_START, Piece, Sources, make_self_contained
from llmdeck.render.controls import PARTIALS, one_line, packed
from llmdeck.render.deck import Rendered, Renderer
from llmdeck.resolve import complete
from llmdeck.results.files import digest
from llmdeck.run.batch import Progress, run_jobs
from llmdeck.run.interface import find_demos
from llmdeck.run.process import end_group


class LiveDeck:
    """A deck that follows its sources. Not for two threads at once, but for `fragment`."""

    def __init__(self, config: Config, progress: Progress) -> None:
        self.config, self.progress = config, progress
        self.marp = KeptMarp()
        self.page: LivePage | None = None
        """The last page that could be made."""
        self.errors: Sequence[Mapping[str, Any]] = ()
        """Why the deck can't be built as it is now."""
        self._running: set[subprocess.Popen[bytes]] = set()
        self._config, self._claims = Latest[Config](), Latest[dict[str, Claim]]()
        self._stored, self._failed = Latest[Stored](), Latest[dict[Variant, DemoError]]()
        self._shared, self._html = Latest[Shared](), Latest[str]()
        self._pieces, self._page = Latest[dict[tuple[str, int], Piece]](), Latest[LivePage]()
        self._digests: Mapping[str, bytes] = {}
        self._source: Source | None = None
        self._has_single_slides = False

    @property
    def wants_whole(self) -> bool:
        """Whether slides were converted alone, so that the whole deck should follow."""
        return self._has_single_slides and not self.errors

    @property
    def demos(self) -> Mapping[str, Demo]:
        """The demos that there are."""
        stored = self._stored.value
        return stored.demos if stored else find_demos(self.config)

    def update(self) -> Update:
        """Build the deck from its files as they are now."""
        return self._try(self._build)

    def update_whole(self) -> Update:
        """Convert the whole deck, after slides of it were converted alone."""
        source = self._source
        return self._try(lambda: self._convert_whole(source) if source else None)

    def close(self) -> None:
        """End Marp and the demos that run."""
        self.marp.close()
        for process in tuple(self._running):
            end_group(process)

    def _try(self, make: Callable[[], LivePage | None]) -> Update:
        """Return what browsers are told of the page that `make` returns, or of why it can't."""
        earlier = self.page
        try:
            self.page = make()
            self.errors = ()
        except DeckError as error:
            self.errors = errors_of(error)
        except OSError as error:  # a file went while it was read: its going is the next change
            self.errors = errors_of(DeckError(str(error)))
        if self.page is None:
            return Update(build="", errors=self.errors)
        if earlier is None or self.errors or earlier.build == self.page.build:
            return Update(build=self.page.build, errors=self.errors)
        return difference(earlier, self.page)

    def _build(self) -> LivePage:
        config = self._load_config()
        files = find_files(config)
        ledger_digest = digest(config.folder / ledger.FILE)
        claims = self._claims.get(ledger_digest, partial(ledger.load_ledger, config))
        stored = self._stored.get((config, files.demos, files.results), partial(read_store, config))
        # What failed is tried again only when a demo or a setting has changed.
        failed = self._failed.get((config, files.demos), dict)
        resolved = complete(
            config,
            stored.demos,
            stored.store,
            stored.results,
            stored.current,
            partial(self._render, stored, claims, files),
            self.progress,
            partial(run_jobs, running=self._running),
            failed=failed,
        )
        used = set(resolved.rendered.variants)
        resolved.failed = {variant: error for variant, error in failed.items() if variant in used}
        raise_all(resolved.errors)
        return self._show(resolved.rendered, files)

    def _load_config(self) -> Config:
        settings = digest(self.config.folder / SETTINGS)
        self.config = self._config.get(settings, partial(load, self.config.root))
        return self.config

    def _render(self, stored: Stored, claims: Mapping[str, Claim], files: Files) -> Rendered:
        new = Shared(
            config=self.config, demos=stored.demos, claims=claims, results=dict(stored.results)
        )
        # Results are the same only where they are the same objects: for `==` 1, 1.0 and True are.
        results = [(variant, id(result)) for variant, result in new.results.items()]
        inputs = (self.config, claims, results, files.demos, files.others)
        shared = self._shared.get(inputs, lambda: new)
        renderer = Renderer(
            config=shared.config,
            demos=shared.demos,
            claims=shared.claims,
            results=shared.results,
            kept=shared.pages,
        )
        return renderer.render()

    def _show(self, rendered: Rendered, files: Files) -> LivePage:
        """Return the page, some of its slides converted alone where that can be done."""
        shared = self._shared.value
        assert shared  # noqa: S101  it has just been rendered with
        source = Source(
            rendered=rendered,
            deck=self.config.deck,
            files=files,
            fragments=packed(rendered.lives, self.config, shared.fragments),
            live_part=live_part(self.config, rendered.lives),
        )
        earlier, self._source = self._source, source
        if earlier and not self._html.comes_from(source.for_marp):
            page = self._convert_alone(earlier, source)
            if page:
                self._has_single_slides = True
                return page
        return self._convert_whole(source)

    def _convert_alone(self, old: Source, new: Source) -> LivePage | None:
        """Return the page with the changed slides converted alone, or None where it can't be."""
        if self.page is None or self.errors or old.around != new.around:
            return None
        files = changed_templates(old.rendered, new.rendered)
        if not files:
            return None

        def convert_page(page: str, n_slides: int) -> str:
            return self._marp_html(new.rendered.front + page, n_slides)

        slides = convert_alone(new.rendered, files, convert_page, self._sources(new))
        return with_slides(self.page, slides)

    def _convert_whole(self, source: Source) -> LivePage:
        """Return the page of the whole deck."""
        self._has_single_slides = False
        rendered = source.rendered
        ask_marp = partial(self._marp_html, rendered.markdown, len(rendered.slides))
        raw = self._html.get(source.for_marp, ask_marp)
        return self._page.get((raw, source.around), partial(self._assemble, raw, source))

    def _assemble(self, raw: str, source: Source) -> LivePage:
        """Return the page of Marp's HTML, with everything inlined."""
        pieces = self._pieces.get(source.inlined, dict)
        page = make_self_contained(
            raw,
            self._sources(source),
            source.fragments,
            served=source.live_part,
            kept=pieces,
        )
        present = {(piece, number) for number, piece in enumerate(SLIDE_START.split(raw))}
        for old in pieces.keys() - present:
            del pieces[old]
        live_page, self._digests = in_pieces(page, self._digests)
        return live_page

    def _sources(self, source: Source) -> Sources:
        folder = self.config.folder
        return Sources(
            folder=folder,
            themes=folder / "theme",
            packages=self.marp.folder / "node_modules",
            figures=source.rendered.figures,
            slides=source.rendered.slides,
        )

    def _marp_html(self, markdown: str, n_slides: int) -> str:
        deck = self.config.deck
        expected = Expected(slides=n_slides, theme=deck.theme, lang=deck.lang)
        with tempfile.TemporaryDirectory(prefix="llmdeck-") as folder:
            source, target = Path(folder) / "deck.md", Path(folder) / "marp.html"
            source.write_text(markdown, encoding="utf-8")
            themes = sorted((self.config.folder / "theme").glob("*.css"))
            convert(source, target, expected, themes=themes, marp=self.marp)
            return target.read_text(encoding="utf-8")

    def fragment(
        self, demo: str, facts: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> str | None:
        """Return what the demo's partial shows of facts; None where it has no partial.

        Raises:
            TemplateError: where the partial can't show them.
        """
        shared = self._shared.value
        if shared is None or not _has_partial(shared.config, demo):
            return None
        return one_line(shared.functions.fragment(demo, facts, parameters))


def _has_partial(config: Config, demo: str) -> bool:
    return (config.folder / PARTIALS / f"{demo}.html.j2").is_file()
