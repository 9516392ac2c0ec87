"""
The one kind of template the desk writes with.

Pure. A name a template does not know is an error, HTML is escaped, and every template has the same words for
figures and instants.
"""

from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from trading_ops.wording import figures, instants

OPTIONS = {
    "autoescape": select_autoescape(["html", "html.j2"]),
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
}
_WORDS = {
    word.__name__: word
    for word in (
        figures.gbp,
        figures.usd,
        figures.usd_exact,
        figures.units,
        figures.ratio,
        instants.on_clock,
        instants.on_both_clocks,
        instants.in_full,
        instants.clock_warning,
        instants.utc_minute,
        instants.duration,
    )
}


def environment(package: str, **words: Callable[..., str]) -> Environment:
    """Return the templates of a package's folder; `words` are filters of its own beside the desk's."""
    return furnished(Environment(loader=PackageLoader(package), **OPTIONS), **words)


def furnished(made: Environment, **words: Callable[..., str]) -> Environment:
    """Return an environment made elsewhere, with OPTIONS, after giving it the desk's words."""
    made.filters |= _WORDS | words
    return made
