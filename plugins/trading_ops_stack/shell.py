"""
A module of the desk run as somebody typed it: Ctrl-C ends it in one line, whenever it comes.

    python -m trading_ops_stack.shell MODULE [ARGUMENTS]

What was begun is whole or absent all the same, so there is nothing more to say.
"""

import os
import runpy
import signal
import sys


def main() -> None:
    """Become the module that is named; ends by the signal when it is interrupted, as a shell expects."""
    module, *sys.argv[1:] = sys.argv[1:]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C; the same command may be given again", file=sys.stderr, flush=True)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main()
