"""`trading-ops`: the verbs of the library, and those that set up a desk and say who may use it."""

import sys

from trading_ops.cli.main import main
from trading_ops.cli.nouns import Verb
from trading_ops_stack import day, init, people, readiness, service

VERBS: dict[str, Verb] = {
    "init": ("set up a desk for real money, by questions or from a file", init.add_options, init.run),
    "people": ("who may sign in", people.add_options, people.run),
    "day": (
        "the desk's own day, here and now: data, training if due, scores, book, gate, report",
        day.add_options,
        day.run,
    ),
    "train": ("train a model on the desk's prices of a session", day.add_options, day.run),
    "score": ("let the models in use rank a session", day.add_options, day.run),
    "service": ("start the desk after a reboot", service.add_options, service.run),
    "ready": ("what a desk in production still lacks", readiness.add_no_options, readiness.run),
}

if __name__ == "__main__":
    sys.exit(main(more=VERBS))
