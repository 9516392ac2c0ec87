"""
trading-ops model: look at the models and decide which one may rank for tickets.

A decision is a person's: it is stored with a name, a reason and the evidence it was made on.
"""

import argparse
import sys

from trading_ops.config.files import read_policy
from trading_ops.config.policy import PolicyError
from trading_ops.db.connect import connect, queries
from trading_ops.models import approval
from trading_ops.models.changelog import changelog_text
from trading_ops.models.registry import ModelError, ranking_name
from trading_ops.ops.people import require_person
from trading_ops.settings import Settings, SettingsError, settings
from trading_ops.wording.instants import utc_minute


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops model` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every model with the state it is in")
    actions.add_parser("changelog", help="what each was made of and what was decided, in Markdown")
    actions.add_parser("report", help="write the model report with the chart of the last two rankings")
    show = actions.add_parser("show", help="one model, its evidence and what the policy still asks")
    show.add_argument("version", help="the version or how it starts")
    for action, meaning in (
        ("shadow", "let a candidate score beside the ranking that is traded on"),
        ("promote", "let a model in SHADOW rank for tickets, in the place of the LIVE one"),
        ("retire", "take a model out of use"),
        ("rollback", "make the model LIVE again that was LIVE before"),
    ):
        one = actions.add_parser(action, help=meaning)
        if action != "rollback":
            one.add_argument("version", help="the version or how it starts")
        one.add_argument("--reason", required=True)
        one.add_argument("--person", required=True)


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; what is refused is one line."""
    config = settings()
    try:
        with connect("desk_planner", config) as connection:
            if getattr(options, "person", "").strip():
                require_person(connection, options.person.strip())
            return _ACTIONS[options.action](connection, options, config)
    except (ModelError, PolicyError, SettingsError) as refusal:
        print(f"trading-ops model {options.action}: {refusal}", file=sys.stderr)
        return 1


def _list(connection, options, config: Settings) -> int:
    models = list(queries.models.models_named(connection, prefix=""))
    for model in models:
        print(
            f"{model['model_version'][:12]}  {model['state']:<9}  as of {model['as_of_date']}  "
            f"since {model['state_since_at'].date()}  {model['state_person']}: {model['state_reason']}"
        )
    if not models:
        print("no model is registered yet")
    return 0


def _show(connection, options, config: Settings) -> int:
    model = approval.find_model(connection, options.version)
    _say(model, approval.evidence_for(connection, model, config.portfolio_id), config)
    return 0


def _say(model: dict, evidence: dict, config: Settings) -> None:
    print(f"model     {model['model_version']}")
    print(f"state     {model['state']} since {utc_minute(model['state_since_at'])}")
    print(f"trained   run {model['run_id']}, as of {model['as_of_date']}")
    print(f"age       {evidence['age_days']} days")
    print(f"weeks     scores stored in {evidence['shadow_weeks_count']}")
    print(f"rank IC   {evidence['rank_ic_mean']} over {evidence['realised_weeks_count']} weeks")
    for week in evidence["weeks"]:
        traded = ranking_name(week["traded_method"], week["traded_model_version"])
        print(
            f"  {week['plan_week']}  {week['same_top_count']} of the best {week['top_count']} as in {traded}, "
            f"rank correlation {week['rank_correlation']}, rank IC {week['rank_ic']}, hits {week['hit_ratio']}, "
            f"top {week['top_return_ratio']} against {week['traded_top_return_ratio']}"
        )
    for name, value in sorted(evidence["backtest_metrics"].items()):
        print(f"backtest  {name} {value}")
    missing = approval.objections(evidence, read_policy(config))
    for objection in missing or ["nothing"]:
        print(f"missing   {objection}")


def _shadow(connection, options, config: Settings) -> int:
    version = approval.shadow(connection, options.version, options.person, options.reason, config)
    print(f"{version[:12]} is in SHADOW: the next plans store its scores")
    return 0


def _promote(connection, options, config: Settings) -> int:
    model = approval.find_model(connection, options.version)
    _say(model, approval.evidence_for(connection, model, config.portfolio_id), config)
    version = approval.promote(
        connection, options.version, options.person, options.reason, read_policy(config), config
    )
    print(f"{version[:12]} is LIVE: it ranks for the next plan if signal.method is qlib")
    return 0


def _retire(connection, options, config: Settings) -> int:
    version = approval.retire(connection, options.version, options.person, options.reason, config)
    print(f"{version[:12]} is RETIRED")
    return 0


def _roll_back(connection, options, config: Settings) -> int:
    version = approval.roll_back(connection, options.person, options.reason, config)
    print(f"{version[:12]} is LIVE again")
    return 0


def _report(connection, options, config: Settings) -> int:
    from trading_ops.reports.models import write_model_report

    with connect("desk_reader", config) as reader:
        path = write_model_report(reader, config)
    print(f"{path}\n{path.with_suffix('.md')}")
    return 0


def _changelog(connection, options, config: Settings) -> int:
    print(changelog_text(connection), end="")
    return 0


_ACTIONS = {
    "list": _list,
    "show": _show,
    "shadow": _shadow,
    "promote": _promote,
    "retire": _retire,
    "rollback": _roll_back,
    "changelog": _changelog,
    "report": _report,
}
