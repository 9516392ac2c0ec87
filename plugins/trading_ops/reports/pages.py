"""The templates of the reports."""

from trading_ops.wording.templates import environment

TEMPLATES = environment("trading_ops.reports")
