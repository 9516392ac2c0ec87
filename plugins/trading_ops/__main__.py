"""Lets `python -m trading_ops` run the command line."""

import sys

from trading_ops.cli.main import main

sys.exit(main())
