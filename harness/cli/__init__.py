"""The command line: one thin module a verb. Nothing heavy is imported here: the process of every run imports it."""

import os
import sys
from contextlib import suppress


def main() -> None:
    """The `harness` command. Bad input, and whatever else goes wrong, is one line and exit status 2; with `--debug` it
    is a traceback."""
    from harness.cli.signs import use_plain_signs
    from harness.core.errors import UserError
    from harness.core.words import printable

    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
        os.environ["HARNESS_DEBUG"] = "1"
    use_plain_signs()
    try:
        from harness.cli.app import app

        try:
            app()
        finally:
            sys.stdout.flush()
    except UserError as error:
        if debug:
            raise
        _end(printable(str(error)))
    except Exception as error:
        if debug:
            raise
        what = f"{type(error).__name__}: {error}"
        if isinstance(error, OSError) and error.filename is not None:
            what = f"{error.filename}: {error.strerror}"
        _end(f"{printable(what)} (--debug shows where)")


def _end(line: str) -> None:
    """Say what went wrong, and end."""
    with suppress(OSError):
        sys.stderr.write(f"harness: {line}\n")
        sys.stderr.flush()
    with suppress(OSError, ValueError):
        # What cannot be written to a full standard output would be tried again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(2)
