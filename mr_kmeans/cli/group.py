"""The group of commands: their exit codes, and errors in words instead of tracebacks."""

from __future__ import annotations

import contextlib
import difflib
import logging
import os
import signal
import sys
import traceback
from typing import Optional, cast

import click

from mr_kmeans.cli.ending import Ended, ending_signals, remembering_signals
from mr_kmeans.cli.show import give_up
from mr_kmeans.dependencies import explain_missing
from mr_kmeans.errors import KMeansError, of_defect, of_os_error
from mr_kmeans.masking import masked
from mr_kmeans.messages import printable


class Commands(click.Group):
    """Group of commands that end with their documented exit codes."""

    _running: Optional[str] = None

    def main(self, *args, **kwargs):
        """Run; say what went wrong in words, not in a traceback."""
        kwargs['standalone_mode'] = False
        for name, mode in (('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w')):
            if (
                getattr(sys, name) is None
            ):  # closed; the next file to be opened would take its place
                setattr(sys, name, open(os.devnull, mode, encoding='utf-8'))
        with ending_signals():
            sys.exit(self._run(*args, **kwargs))

    def _run(self, *args, **kwargs) -> int:
        try:
            with remembering_signals():
                return super().main(*args, **kwargs) or 0
        except click.exceptions.Exit as error:
            return error.exit_code
        except click.ClickException as error:
            error.message = masked(error.message)  # type: ignore[misc]
            with contextlib.suppress(OSError):
                error.show()
            return error.exit_code
        except KMeansError as error:
            return complain(str(error), error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            return complain('interrupted' + self._way_on(), 128 + signal.SIGINT)
        except Ended as error:
            return complain('terminated' + self._way_on(), cast(int, error.code))
        except OSError as error:
            return complain(str(of_os_error(error)), 1)
        except MemoryError:
            return complain('this machine has not enough memory', 1)
        except Exception as error:
            missing = explain_missing(error) if isinstance(error, ModuleNotFoundError) else None
            if missing:
                return complain(missing, 1)
            logging.getLogger('mr_kmeans').debug('%s', traceback.format_exc())
            return complain(of_defect(error), 1)

    def _way_on(self) -> str:
        """Return what to do after a command was interrupted."""
        return (
            ' (with --resume, it continues after the last complete iteration, or starts again if'
            ' there is none)'
            if self._running == 'fit'
            else ''
        )

    def resolve_command(self, ctx, args):
        """Find a command, or suggest one, as newer versions of click do."""
        try:
            self._running, command, rest = super().resolve_command(ctx, args)
            return self._running, command, rest
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near and near[0] not in error.format_message():
                error.message += f" Did you mean '{near[0]}'?"  # type: ignore[misc]
            raise

    def make_context(self, *args, **kwargs):
        """Read the command line, or show help."""
        with until_enough_is_seen():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx):
        """Run a command."""
        with until_enough_is_seen():
            return super().invoke(ctx)


@contextlib.contextmanager
def until_enough_is_seen():
    """Make a closed standard output a success; click would exit with 1."""
    try:
        yield
    except BrokenPipeError:
        give_up(sys.stdout)
        raise click.exceptions.Exit(0) from None


def complain(message: str, code: int) -> int:
    """Print an error; return its exit code."""
    try:
        click.echo('mr-kmeans: error: ' + printable(masked(message)), err=True)
    except OSError:  # standard error may be closed
        give_up(sys.stderr)
    return code
