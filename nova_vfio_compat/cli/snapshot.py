# SPDX-License-Identifier: Apache-2.0

"""``nova-vfio-compat snapshot create FILE``."""

from __future__ import annotations

import argparse
import os
import secrets
import stat

from cliff import command

from nova_vfio_compat.cli import hosts
from nova_vfio_compat.cli import main
from nova_vfio_compat.host import capture
from nova_vfio_compat.host import errors


class SnapshotCreate(command.Command):
    """Write what is read of a host to a small file.

    The file can be given to the other commands, on any machine, wherever
    they take the root of a host. It holds what was read of the host and
    nothing else: PCI addresses, uuids of mdevs, names of drivers and
    network interfaces, firmware versions, the kernel's release, and which
    devices nova.conf offers; no host name, no serial number, no other
    option.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Add the command's arguments."""
        parser = super().get_parser(prog_name)
        parser.add_argument("file", metavar="FILE", help="what to write")
        parser.add_argument(
            "--force",
            action="store_true",
            help="replace FILE if it exists",
        )
        hosts.add_arguments(
            parser,
            "which devices it offers to guests becomes part of the snapshot "
            "and counts in every command that reads it.",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Look at the host and write the file."""
        name = parsed_args.file
        _check(name, parsed_args.force)
        tree = hosts.open_tree(parsed_args.root)
        known = hosts.device_options(parsed_args.config_file) or tree.options
        try:
            data = capture.capture(tree, known)
        except errors.HostError as error:
            raise main.UsageError(str(error)) from None
        try:
            _write(name, data, parsed_args.force)
        except OSError as error:
            raise main.UsageError(
                f"{name} cannot be written: {error.strerror}; nothing is "
                "left of it, so make room or give another FILE."
            ) from None
        print(f"{name}: {len(data)} bytes", file=self.app.stdout)


def _check(name: str, force: bool) -> None:
    """Refuse to replace what may be wanted."""
    try:
        mode = os.lstat(name).st_mode
    except OSError:
        # Not there, or what writing will fail with.
        return
    if not stat.S_ISREG(mode):
        raise main.UsageError(
            f"{name} exists and is not a regular file: give another FILE."
        )
    if not force:
        raise main.UsageError(
            f"{name} exists: give another FILE, or --force to replace it."
        )


def _write(name: str, data: bytes, force: bool) -> None:
    """Write all of the file or nothing."""
    folder, base = os.path.split(name)
    unfinished = os.path.join(folder, f".{base}.{secrets.token_hex(4)}")
    descriptor = os.open(
        unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666
    )
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        # Somebody may have made it meanwhile.
        _check(name, force)
        os.replace(unfinished, name)
    except BaseException:
        os.unlink(unfinished)
        raise
