# SPDX-License-Identifier: Apache-2.0

"""What the operator knows of a host's devices and no file shows.

``/etc/nova/vfio-compat.d/*.yaml``: attributes such as a GPU's ECC mode,
by driver, type or address. They only ever add to what is compared;
loosening a rule is the scheduler's matter (``relax``), where it is one
place for the fleet and effective at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import errors as compat_errors
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import knowledge_entry
from nova_vfio_compat.host import tree as host_tree

FOLDER = "etc/nova/vfio-compat.d"
#: files of the folder
MAX_FILES = 64

_SUFFIX = ".yaml"
# The same to YAML, so it must not be left out without a word.
_NEARLY = (".yml", ".YAML", ".YML", ".json")

Subject = knowledge_entry.Subject


class Knowledge:
    """Everything that the operator says of one host.

    False if that is nothing.

    :ivar entries: in the order in which they apply
    """

    def __init__(
        self,
        entries: Iterable[knowledge_entry.Entry] = (),
        problems: Iterable[errors.DescribeError] = (),
    ) -> None:
        """Take entries in the order in which they apply."""
        self.entries = tuple(entries)
        # By text: one mistake is one problem, however many devices it is
        # about.
        self._problems = {str(error): error for error in problems}

    @classmethod
    def load(cls, tree: host_tree.HostTree) -> Knowledge:
        """Read the operator's files, sorted by name.

        What is wrong with a file or an entry is one of ``problems``; the
        rest counts.
        """
        try:
            names = tree.listdir(FOLDER)
        except errors.ReadError as error:
            return cls(problems=(error,))
        if not names:
            return cls()
        # A host without files needs neither YAML nor JSON schemas.
        from nova_vfio_compat.host import knowledge_file

        entries: list[knowledge_entry.Entry] = []
        problems: list[errors.DescribeError] = []
        count = 0
        for name in names:
            path = f"{FOLDER}/{name}"
            # Hidden: what editors leave behind.
            if name.startswith(".") or not name.endswith(_SUFFIX):
                if name.endswith(_NEARLY) and not name.startswith("."):
                    problems.append(_malformed(
                        path, f"is not read: its name must end in {_SUFFIX}"
                    ))
                continue
            count += 1
            if count > MAX_FILES:
                problems.append(_malformed(
                    path, f"is not read: there are more than {MAX_FILES} files"
                ))
                break
            try:
                data = tree.read_bytes(path, knowledge_file.MAX_BYTES)
            except errors.ReadError as error:
                problems.append(error)
                continue
            found, wrong = knowledge_file.parse(path, data)
            entries += found
            problems += wrong
        return cls(entries, problems)

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def problems(self) -> tuple[errors.DescribeError, ...]:
        """What is wrong with the files, and with applying them so far."""
        return tuple(self._problems.values())

    def matching(
        self, subject: Subject
    ) -> tuple[knowledge_entry.Entry, ...]:
        """Return the entries that are about a device."""
        return tuple(
            entry for entry in self.entries if entry.match.matches(subject)
        )

    def tracks_dirty_pages(self, subject: Subject) -> bool:
        """Whether the host tracks the pages that a device writes to."""
        return any(
            entry.dirty_tracking for entry in self.matching(subject)
        )

    def apply(
        self,
        found: device_class.DeviceClass,
        subject: Subject,
        lifted: bool = False,
    ) -> device_class.DeviceClass:
        """Return a class with what the operator adds to it.

        The evidence of a class that is not what it was is the operator's
        word. A device that writes nothing stays silent: nobody can state
        a stream that its driver does not have. Where two entries
        contradict each other neither counts, and the attribute is
        unverified; so it is where an entry repeats what the source reads
        itself.

        :param lifted: ``tracks_dirty_pages`` is why it can migrate at all
        """
        if found.state is None:
            return found
        entries = self.matching(subject)
        facts, unsure = self._facts(entries)
        for name in sorted(_compared(found) & facts.keys()):
            place = facts.pop(name)[1]
            self._note(
                place,
                f"{name} is what the source of family {found.family} "
                "compares itself: remove it here; to leave it out of "
                "comparisons set relax in the scheduler's [vfio_compat]",
            )
        told = set(found.unverified) - facts.keys()
        for entry in entries:
            told -= entry.verified
            if entry.dirty_tracking:
                told.discard("dirty_tracking")
        told |= unsure - _compared(found)
        if (
            not facts and not lifted
            and told == set(found.unverified)
        ):
            return found
        try:
            return _stated(found, facts, told)
        except compat_errors.ParseError as error:
            for _, place in facts.values():
                self._note(place, error.one_line())
            return _stated(found, {}, set(found.unverified) | facts.keys())

    def _facts(
        self, entries: Iterable[knowledge_entry.Entry]
    ) -> tuple[dict[str, _Fact], set[str]]:
        """The attributes that entries agree on, and the others' names."""
        facts: dict[str, _Fact] = {}
        unsure = set()
        for entry in entries:
            for name, value in entry.state.items():
                said = (value, entry.accepts[name])
                known, place = facts.setdefault(name, (said, entry.place))
                if known != said:
                    unsure.add(name)
                    self._note(
                        entry.place,
                        f"{name} is set differently by {place}, so neither "
                        "counts for a device that both match: correct one",
                    )
        return {
            name: fact for name, fact in facts.items() if name not in unsure
        }, unsure

    def _note(self, place: str, text: str) -> None:
        error = _malformed(place, text)
        self._problems.setdefault(str(error), error)


# Value and template of an attribute, and the place where they are given.
_Fact = tuple[tuple[str, str], str]


def _compared(found: device_class.DeviceClass) -> set[str]:
    """The attributes that a source knows, not those it leaves open."""
    known = {*(found.state or ()), *(n for one in found.accepts for n in one)}
    return known - set(found.unverified)


def _stated(
    found: device_class.DeviceClass,
    facts: Mapping[str, _Fact],
    unverified: Iterable[str],
) -> device_class.DeviceClass:
    """The class with these facts, on the operator's word."""
    accepts = {name: said[1] for name, (said, _) in facts.items()}
    return dataclasses.replace(
        found,
        evidence=codes.Evidence.OPERATOR,
        state={
            **(found.state or {}),
            **{name: said[0] for name, (said, _) in facts.items()},
        },
        accepts=tuple({**one, **accepts} for one in found.accepts),
        unverified=tuple(unverified),
    )


def _malformed(path: str, text: str) -> errors.ReadError:
    return errors.ReadError(path, codes.Code.MALFORMED, text)
