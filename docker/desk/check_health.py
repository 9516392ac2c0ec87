"""
A container's health check: asks a page, and if told so for the state of one Airflow component.

    check_health.py URL [COMPONENT]

Exit code 0 means healthy. Standard library only, because it runs every few seconds.
"""

import json
import sys
import urllib.request


def is_healthy(url: str, component: str | None = None, timeout_s: float = 8) -> bool:
    """Say whether the URL answers with 200 and, if a component is named, reports it as healthy."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return component is None or json.load(answer)[component]["status"] == "healthy"
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(*sys.argv[1:3]) else 1)
