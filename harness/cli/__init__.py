"""The command line: one thin module a verb. Nothing heavy is imported here: the process of every run imports it."""

import os
import sys


def main() -> None:
    """The `harness` command. Bad input is one line and exit status 2; `--debug` shows the traceback instead."""
    from harness.core.errors import UserError

    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
        os.environ["HARNESS_DEBUG"] = "1"
    try:
        from harness.cli.app import app

        app()
    except UserError as error:
        if debug:
            raise
        sys.stderr.write(f"harness: {error}\n")
        sys.exit(2)
