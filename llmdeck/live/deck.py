"""From a saved file to the page that shows it: the steps of `build`, but only what changed.

Each step keeps the last thing that it made, with the inputs that it was made from (see `latest`):
settings, ledger, stored results, what slides have in common, Marp's HTML, pieces with their
pictures inlined, and the page. A saved template is shown first with its slides converted alone
(see `single`), and the whole deck is converted when nothing is being saved. The page is, byte for
byte, what `build` makes but for what a server adds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from llmdeck import ledger
from llmdeck.config import Config, load
from llmdeck.config.tables import SETTINGS
from llmdeck.errors import DeckError, DemoError, raise_all
from llmdeck.live.inputs import Files, Source, find_files
from llmdeck.live.latest import Latest
from llmdeck.live.page import (
    LivePage,
    Update,
    difference,
    errors_of,
    in_pieces,
    live_part,
    unexpected,
    with_slides,
)
from llmdeck.live.single import Reach, changed_templates, convert_alone
from llmdeck.marp.convert import Expected, convert
from llmdeck.marp.process import Marp
from llmdeck.model import Demo, Variant
from llmdeck.output.inline import Piece
from llmdeck.output.page import SLIDE_START, check_size, make_self_contained, page_parts
from llmdeck.output.sources import Sources
from llmdeck.render.api import TemplateApi
from llmdeck.render.cache import RenderCache
from llmdeck.render.controls import PARTIALS, one_line, packed, shows_figure
from llmdeck.render.deck import Rendered
from llmdeck.resolve import Project, complete
from llmdeck.results.files import digest
from llmdeck.run.batch import Progress, run_jobs
from llmdeck.run.drawings import Drawing
from llmdeck.run.interface import find_demos
from llmdeck.run.process import Running


class LiveDeck:
    """A deck that follows its sources. Not for two threads at once, but for `fragment`."""

    def __init__(self, config: Config, progress: Progress) -> None:
        self.config, self.progress = config, progress
        self.marp = Marp()
        self.page: LivePage | None = None
        """The last page that could be made."""
        self.errors: Sequence[Mapping[str, Any]] = ()
        """Why the deck can't be built as it is now."""
        self._running = Running()
        self._forget()

    def _forget(self) -> None:
        """Begin with nothing that was made earlier: each step makes its part anew."""
        self._cache = RenderCache()
        self._config, self._project = Latest[Config](), Latest[Project]()
        self._failed = Latest[dict[Variant, DemoError]]()
        self._partials = Latest[TemplateApi]()
        """What requests are answered with: the renderer's own is for one thread."""
        self._fragments, self._html = Latest[dict[Variant, str]](), Latest[str]()
        self._pieces, self._page = Latest[dict[tuple[str, int], Piece]](), Latest[LivePage]()
        self._digests: Mapping[str, bytes] = {}
        self._source: Source | None = None
        self._has_single_slides = False
        self._reach = Reach()

    @property
    def wants_whole(self) -> bool:
        """Whether slides were converted alone, so that the whole deck should follow."""
        return self._has_single_slides and not self.errors

    @property
    def demos(self) -> Mapping[str, Demo]:
        """The demos that there are."""
        project = self._project.value
        return project.demos if project else find_demos(self.config)

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
        self._running.end()

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
        except Exception as error:  # noqa: BLE001  the next save must be followed
            self._project = Latest[Project]()  # it may be half changed
            self.errors = unexpected(error, self.page).errors
        if self.page is None:
            return Update(build="", errors=self.errors)
        if earlier is None or self.errors or earlier.build == self.page.build:
            return Update(build=self.page.build, errors=self.errors)
        return difference(earlier, self.page)

    def _build(self) -> LivePage:
        config = self._load_config()
        files = find_files(config)
        project = self._read_project(config, files)
        runner = partial(run_jobs, running=self._running)
        resolved = complete(project, self.progress, runner)
        raise_all(resolved.errors)
        page = self._show(resolved.rendered, files)
        project.results.publish()
        return page

    def _read_project(self, config: Config, files: Files) -> Project:
        """Return the project as it is now; what failed is not tried again before a demo changed."""
        ledger_digest = digest(config.folder / ledger.FILE)
        read = partial(Project.read, config, cache=self._cache)
        inputs = (config, files.demos, files.results, ledger_digest)
        project = self._project.get(inputs, read)
        project.failed = self._failed.get((config, files.demos), dict)
        project.look_again()
        return project

    def _load_config(self) -> Config:
        settings = digest(self.config.folder / SETTINGS)
        self.config = self._config.get(settings, partial(load, self.config.root))
        return self.config

    def _show(self, rendered: Rendered, files: Files) -> LivePage:
        """Return the page, some of its slides converted alone where that can be done."""
        results = [(controls.variant, controls.digest) for controls in rendered.controls]
        known = self._fragments.get((self.config, results, files.others), dict)
        source = Source(
            rendered=rendered,
            deck=self.config.deck,
            files=files,
            fragments=packed(rendered.controls, self.config, known),
            live_part=live_part(self.config, rendered.controls),
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
        files = changed_templates(old.rendered, new.rendered, self._reach)
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
        check_size(rendered.parts, self.config.limits.page_mb)
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
            pieces=pieces,
        )
        check_size(page_parts(page, source.rendered.slides), self.config.limits.page_mb)
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
            formulas=source.rendered.formulas,
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

    def draws(self, demo: str) -> bool:
        """Return whether the demo's partial shows a figure of what was asked for."""
        return shows_figure(self.config, demo)

    def fragment(
        self,
        demo: str,
        facts: Mapping[str, Any],
        parameters: Mapping[str, Any],
        drawing: Drawing | None = None,
    ) -> str | None:
        """Return what the demo's partial shows of facts; None where it has no partial.

        Raises:
            TemplateError: where the partial can't show them.
        """
        project = self._project.value
        if project is None or not _has_partial(project.config, demo):
            return None
        api = self._partials.get(project, partial(_new_api, project))
        return one_line(api.fragment(demo, facts, parameters, drawing))


def _new_api(project: Project) -> TemplateApi:
    return TemplateApi(
        config=project.config,
        demos=project.demos,
        claims=project.claims,
        results=project.results,
    )


def _has_partial(config: Config, demo: str) -> bool:
    return (config.folder / PARTIALS / f"{demo}.html.j2").is_file()
