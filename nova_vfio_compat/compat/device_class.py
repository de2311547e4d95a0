# SPDX-License-Identifier: Apache-2.0

"""The compatibility class: the value that everything else is about."""

from __future__ import annotations

import base64
from collections.abc import Mapping
import dataclasses
import functools
import hashlib
import json
import re
from typing import Any

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import errors

#: bytes of canonical JSON that a class may have
MAX_CANONICAL = 8192

#: of ``limits``: migrates only if it is the instance's one VFIO device.
#: QEMU migrates several only if all can stop peer-to-peer traffic
#: (hw/vfio/migration.c, vfio_multiple_devices_migration_is_supported).
SINGLE_DEVICE = "single_device"

_ID_BYTES = 16
_WORD = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class DeviceClass:
    """Devices that are interchangeable for migration.

    Two devices of one class write the same kind of state and accept the
    same kinds. A class is immutable and known by its content: ``id`` is
    128 bits of the SHA-256 of its canonical JSON, so hosts with equal
    devices report the same id without talking to each other.

    :ivar family: who made the class and knows its vocabulary
    :ivar bus: where a guest gets the device from: ``pci`` or ``mdev``
    :ivar evidence: what the class rests on
    :ivar vocabulary: version of the family's set of attributes
    :ivar state: what the device writes, attribute to value; None if it
        writes nothing or does not say
    :ivar accepts: what it can load: alternatives, each attribute to
        template; their order has no meaning
    :ivar exposed: what a guest sees of the device; must be equal on both
        sides, whatever the alternative
    :ivar unverified: what decides as well and cannot be seen from here
    :ivar limits: words for what the device cannot do although it can
        migrate; see SINGLE_DEVICE
    :ivar settable: attributes that can be set on such a device after it was
        made; see ``settings``
    :ivar opaque: attributes that only the driver can compare: a value that
        differs is neither yes nor no
    :ivar reason: why ``state`` is None or ``accepts`` is empty
    :ivar since: attribute to the vocabulary version that it came with,
        for those that came after the first
    :raises ParseError: the parts make no class
    """

    family: str
    bus: str
    evidence: codes.Evidence
    vocabulary: int = 1
    state: Mapping[str, str] | None = None
    accepts: tuple[Mapping[str, str], ...] = ()
    exposed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unverified: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    settable: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    reason: codes.Code | None = None
    since: Mapping[str, int] = dataclasses.field(default_factory=dict)
    id: str = dataclasses.field(init=False)
    _canonical: bytes = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        for word in (
            self.family, self.bus,
            *self.unverified, *self.limits, *self.since,
        ):
            if not _WORD.fullmatch(word):
                raise errors.ParseError("not a word of a class", word)
        if (self.state is None or not self.accepts) != bool(self.reason):
            raise errors.ParseError(
                "a class has a reason if, and only if, it writes or "
                "accepts nothing"
            )
        if self.state is not None and not self.state:
            raise errors.ParseError(
                "a state without attributes; None says that there is none"
            )
        attributes.check(self.state or {})
        attributes.check(self.exposed)
        attributes.check(dict.fromkeys((*self.settable, *self.opaque), ""))
        # What a kernel declares cannot mean the kinds that are ours.
        extended = self.evidence is not codes.Evidence.DECLARED
        for items in self.accepts:
            # Most classes accept just their state, which was checked above.
            if items != self.state:
                attributes.check(items, True, extended)
        # Their order decides the id: that of their JSON.
        accepts = [dict(sorted(items.items())) for items in self.accepts]
        if len(accepts) > 1:
            by_text = {_dump(items): items for items in accepts}
            accepts = [by_text[text] for text in sorted(by_text)]
        _set(self, "accepts", tuple(accepts))
        for name in ("unverified", "limits", "settable", "opaque"):
            _set(self, name, tuple(sorted(set(getattr(self, name)))))
        canonical = _dump(_document(self)).encode("ascii")
        if len(canonical) > MAX_CANONICAL:
            raise errors.ParseError(
                f"a class of {len(canonical)} bytes; at most "
                f"{MAX_CANONICAL} can be published"
            )
        digest = hashlib.sha256(canonical).digest()[:_ID_BYTES]
        _set(self, "_canonical", canonical)
        _set(self, "id", base64.b32encode(digest).decode().rstrip("="))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DeviceClass):
            return NotImplemented
        return self._canonical == other._canonical

    def __hash__(self) -> int:
        return hash(self._canonical)

    @property
    def silence(self) -> codes.Code | None:
        """Why such a device is no source, or does not say; None if it is.

        What says why it cannot migrate may still say what it would write.
        """
        if self.state is not None and (
            self.reason is None
            or self.reason.is_unknown
            or self.reason is codes.Code.ACCEPTS_NOTHING
        ):
            return None
        return self.reason

    def canonical(self) -> bytes:
        """The class as JSON, pinned byte for byte.

        Keys sorted, no white space, ASCII, no floats; what is empty is
        left out, and so is ``accepts`` if the device accepts just what it
        writes: that is most classes, and it saves them two traits of six.
        """
        return self._canonical

    @classmethod
    def from_canonical(cls, data: bytes) -> DeviceClass:
        """The class that ``canonical`` gave ``data`` for.

        :raises ParseError: ``data`` is anything else
        """
        if len(data) > MAX_CANONICAL:
            raise errors.ParseError(f"longer than {MAX_CANONICAL} bytes")
        try:
            document = json.loads(data.decode("ascii"))
        except (ValueError, RecursionError):
            raise errors.ParseError("not the JSON of a class") from None
        result = from_document(document)
        # One class, one spelling: whatever the loader was lenient about
        # must not give a second id to the same class.
        if result._canonical != data:
            raise errors.ParseError("not the canonical JSON of a class")
        return result


def _set(target: DeviceClass, name: str, value: object) -> None:
    object.__setattr__(target, name, value)


_dump = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def _document(value: DeviceClass) -> dict[str, Any]:
    document = {
        "accepts": value.accepts if value.accepts != (value.state,) else (),
        "bus": value.bus,
        "evidence": value.evidence.value,
        "exposed": dict(value.exposed),
        "family": value.family,
        "limits": value.limits,
        "opaque": value.opaque,
        "reason": value.reason.value if value.reason else None,
        "settable": value.settable,
        "since": dict(value.since),
        "state": None if value.state is None else dict(value.state),
        "unverified": value.unverified,
        "vocabulary": value.vocabulary,
    }
    return {key: item for key, item in document.items() if item}


def _strings(document: object) -> dict[str, str]:
    if not isinstance(document, dict) or not all(
        isinstance(item, str) for item in document.values()
    ):
        raise errors.ParseError("expected attributes with texts")
    return document


def _list(document: object) -> list[Any]:
    if not isinstance(document, list):
        raise errors.ParseError("expected a list")
    return document


def _words(document: object) -> tuple[str, ...]:
    return tuple(str(item) for item in _list(document))


def _number(document: object) -> int:
    if type(document) is not int or not 0 < document < 1_000_000:
        raise errors.ParseError("expected the version of a vocabulary")
    return document


def _code(document: object) -> codes.Code | None:
    if document is None:
        return None
    try:
        return codes.Code.of(str(document))
    except KeyError:
        # A release newer than this one may know more of them.
        raise errors.ParseError(f"unknown reason {document!r}") from None


def from_document(document: object) -> DeviceClass:
    """The class that a parsed canonical document describes.

    :raises ParseError: it describes none
    """
    if not isinstance(document, dict):
        raise errors.ParseError("expected a JSON object")
    known = dict(document)
    try:
        result = functools.partial(
            DeviceClass,
            family=str(known.pop("family")),
            bus=str(known.pop("bus")),
            evidence=codes.Evidence(known.pop("evidence")),
            vocabulary=_number(known.pop("vocabulary")),
            reason=_code(known.pop("reason", None)),
        )
    except KeyError as error:
        raise errors.ParseError(f"a class without {error}") from None
    except ValueError as error:
        raise errors.ParseError(str(error)) from None
    since = known.pop("since", {})
    if not isinstance(since, dict):
        raise errors.ParseError("expected attributes with versions")
    state = known.pop("state", None)
    # Who writes and does not say why it accepts nothing accepts the same.
    same = [] if state is None or "reason" in document else [state]
    complete = result(
        state=None if state is None else _strings(state),
        accepts=tuple(
            _strings(item) for item in _list(known.pop("accepts", same))
        ),
        exposed=_strings(known.pop("exposed", {})),
        unverified=_words(known.pop("unverified", [])),
        limits=_words(known.pop("limits", [])),
        settable=_words(known.pop("settable", [])),
        opaque=_words(known.pop("opaque", [])),
        since={name: _number(item) for name, item in since.items()},
    )
    if known:
        raise errors.ParseError(f"unknown part {sorted(known)[0]!r}")
    return complete
