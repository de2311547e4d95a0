# SPDX-License-Identifier: Apache-2.0

"""What a source reads, and what it makes of broken files."""

from __future__ import annotations

from collections.abc import Iterator
import re

from nova_vfio_compat.compat import device_class
from nova_vfio_compat.testing import changing
from nova_vfio_compat.testing import contract_base
from nova_vfio_compat.testing import looking

# How a host finds a driver is the same for all families, and no matter of
# a source.
_OF_THE_HOST = re.compile(r"(usr/)?lib/modules/[^/]+/modules\.alias")


class FileTests(contract_base.HostOfFamily):
    """The part of the contract that is about files."""

    def test_reads_only_what_it_may(self) -> None:
        """Files are read through the tree, and only those that are safe."""
        before = changing.everything(self.root)
        # What is imported or remembered is so from here on.
        self.look().answer(self.devices[0])
        for name in self.devices:
            look = self.look()
            with looking.watched() as seen:
                look.claimed()
                look.answer(name)
            self.assertEqual([], look.store.forbidden())
            self.assertEqual([], look.past_the_tree(seen))
        self.assertEqual(before, changing.everything(self.root), "it wrote")

    def test_lost_files(self) -> None:
        """Without a file a device is unknown, or less is known of it."""
        for name, path, found in self._files():
            if _OF_THE_HOST.fullmatch(path):
                continue
            for what, change in changing.LOST.items():
                with changing.changed(self.root / path, change):
                    self._check_less(
                        name, found, self._asked(name, path, what),
                        f"{name}, {path} is {what}",
                    )

    def test_wrong_files(self) -> None:
        """Whatever a file holds, nothing but a DescribeError is raised."""
        for name, path, _ in self._files():
            for what, change in changing.WRONG.items():
                with changing.changed(self.root / path, change):
                    self._asked(name, path, what)

    def _asked(self, name: str, path: str, what: str) -> looking.Answer:
        look = self.look()
        try:
            look.claimed()
            return look.answer(name)
        except Exception as error:
            raise AssertionError(
                f"{name}: {error!r} where {path} is {what}"
            ) from error

    def _files(self) -> Iterator[tuple[str, str, looking.Answer]]:
        """Yield each file that is read for a device, with its class.

        One device of each class: another one has the same files.
        """
        seen: list[looking.Answer] = []
        for name in self.devices:
            look = self.look()
            found = look.answer(name)
            if found in seen:
                continue
            seen.append(found)
            for path in sorted(look.store.reads | look.store.slow_reads):
                if (self.root / path).is_file():
                    yield name, path, found

    def _check_less(
        self,
        name: str,
        full: looking.Answer,
        less: looking.Answer,
        what: str,
    ) -> None:
        """What can still be told is what has been told."""
        if less is None:
            return
        reason = looking.reason(less)
        if reason is not None:
            self.assertTrue(
                reason.is_unknown or reason is self.never.get(name),
                f"{what}: {reason.value} is said where it cannot be known",
            )
        if not isinstance(full, device_class.DeviceClass) or not isinstance(
            less, device_class.DeviceClass
        ):
            return
        before, after = contract_base.values(full), contract_base.values(less)
        if less.state is None:
            return
        for key, value in after.items():
            self.assertEqual(
                before.get(key), value, f"{what}: {key} is a guess"
            )
        lost = before.keys() - after.keys()
        self.assertEqual(
            set(), lost & self.source().mandatory.keys(),
            f"{what}: without these it has no class",
        )
        self.assertEqual(
            set(),
            {n for n in lost if n.startswith("exposed:")}
            - set(less.unverified),
            f"{what}: these are unverified now",
        )
