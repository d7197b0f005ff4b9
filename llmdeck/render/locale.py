"""The error for a locale that nobody knows."""

from __future__ import annotations

from llmdeck.config import Config, TomlFile
from llmdeck.errors import ConfigError, did_you_mean


def unknown_locale(config: Config, error: ValueError) -> ConfigError:
    """Return the error for a locale that nobody knows, at the key that gives it."""
    from babel.localedata import locale_identifiers

    key = "locale" if config.deck.locale else "lang"
    settings = TomlFile.read(config.settings, config.relative(config.settings))
    near = did_you_mean(config.deck.number_locale, locale_identifiers())
    hint = "" if near.startswith("there are") else f"{near} "
    example = 'lang = "it", or locale = "it_IT" for the numbers alone'
    return ConfigError(str(error), place=settings.place("deck", key), hint=f"{hint}write {example}")
