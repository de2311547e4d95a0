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
#: The command was used in a wrong way, or is configured so.
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

    def run_subcommand(self, argv: list[str]) -> int:
        """Run one command and return its documented exit code."""
        self.failure = None
        result = super().run_subcommand(argv)
        return EXIT_USAGE if isinstance(self.failure, UsageError) else result


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``nova-vfio-compat``.

    :returns: 0 if it ran and the answer is yes, 1 if it is no or the
        command failed, 2 for wrong usage or configuration
    """
    return Shell().run(list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
