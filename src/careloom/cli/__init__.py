"""The ``careloom`` command: one file for each group of subcommands."""

import gc
import os
import sys

_SELDOM = (50_000, 20, 100)
"""Thresholds of the garbage collector: what a command loads stays for its life, and is a fifth of its start to look
through."""

_UNHEARD = 128 + 13
"""What a shell says of a program that was ended by SIGPIPE, as ``careloom synth | head`` ends it."""


def main() -> None:
    """Run the command line.

    ``careloom validate`` with plain arguments, which starts a thousand times a day in hooks and pipelines, goes past
    the toolkit that explains and completes arguments; see `careloom.cli.validate.plain`.
    """
    gc.set_threshold(*_SELDOM)
    try:
        _run()
    except BrokenPipeError:  # nobody reads any more what is printed, and the rest of it goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_UNHEARD)


def _run() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["validate"]:
        from careloom.cli.validate.plain import plain_call  # noqa: PLC0415  (other commands need none of it)

        call = plain_call(arguments[1:])
        if call is not None:
            try:
                call()
            except SystemExit as ended:
                _leave(ended.code)
                raise
    from careloom.cli.main import app  # noqa: PLC0415  (a tenth of a second)

    app()


def _leave(code: object) -> None:
    """End the process at once, where nothing is left to tidy: taking apart what was loaded takes a tenth of the time.

    Whoever used other processes has some to tidy, and is left to end in the usual way.
    """
    if not isinstance(code, int) or not {"multiprocessing", "ray"}.isdisjoint(sys.modules):
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code)


__all__ = ["main"]
