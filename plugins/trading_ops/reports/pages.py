"""The templates of the reports, with the filters that say how a figure reads."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from trading_ops.reports.figures import FILTERS

TEMPLATES = Environment(
    loader=PackageLoader("trading_ops.reports"),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= FILTERS
