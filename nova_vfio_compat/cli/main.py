# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat``: the operator's command."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
import sys

from cliff import app
from cliff import commandmanager

NAMESPACE = "nova_vfio_compat.cli"

#: Nothing was wrong with the command, and the answer is no.
EXIT_NO = 1
#: The command was used in a wrong way, is configured so, or broke off:
#: there is no answer.
EXIT_USAGE = 2


class UsageError(Exception):
    """One sentence on what is wrong and what to do; exit code 2."""


class Shell(app.App):
    """Finds the commands in the entry points and runs one."""

    def __init__(self) -> None:
        super().__init__(
            description=(
                "Tells whether VFIO devices can live-migrate between hosts."
            ),
            version=metadata.version("nova-vfio-compat"),
            command_manager=commandmanager.CommandManager(NAMESPACE),
            deferred_help=True,
        )

        self.failure: BaseException | None = None

    def run(self, argv: list[str]) -> int:
        """Run the command; never ask for one interactively."""
        return super().run(argv or ["help"])

    def clean_up(
        self, cmd: object, result: int, err: BaseException | None
    ) -> None:
        """Keep what the command failed with: it decides the exit code."""
        self.failure = err

    def configure_logging(self) -> None:
        """Open the log file; one that cannot be written is wrong usage."""
        try:
            super().configure_logging()
        except OSError as error:
            print(
                f"{self.NAME}: --log-file {self.options.log_file} cannot be "
                f"written: {error.strerror}; give another one.",
                file=self.stderr,
            )
            raise SystemExit(EXIT_USAGE) from None

    def run_subcommand(self, argv: list[str]) -> int:
        """Run one command and return its documented exit code.

        A command that has an answer returns it as its code. Whatever it
        raises is therefore none, and must not look like a no.
        """
        self.failure = None
        try:
            result = super().run_subcommand(argv)
        except BrokenPipeError:
            raise
        except Exception as error:
            self.LOG.error(error)
            return EXIT_USAGE
        return result if self.failure is None else EXIT_USAGE


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``nova-vfio-compat``.

    :returns: 0 if it ran and the answer is yes, 1 if it is no or Placement
        could not be asked, 2 for wrong usage or configuration, and for a
        command that broke off
    """
    return Shell().run(list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
