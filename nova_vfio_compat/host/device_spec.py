# SPDX-License-Identifier: Apache-2.0

"""Entries of nova.conf's ``[pci] device_spec``.

The same meaning as in Nova (nova/pci/devspec.py), without Nova: an entry
is a JSON object, or a list of them, with vendor_id, product_id, an address
as a glob or as regular expressions, or devname; what it leaves out is any.
A VF matches by its own address, and by its PF's where the entry names one
physical function.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import json
import re
import string
from typing import Any

from nova_vfio_compat.host import errors
from nova_vfio_compat.host import names
from nova_vfio_compat.host import pci

_ANY = "*"
_FIELDS = ("domain", "bus", "slot", "function")
_LARGEST = {"domain": 0xFFFF, "bus": 0xFF, "slot": 0x1F, "function": 0x7}
_DIGITS = {"domain": 4, "bus": 2, "slot": 2, "function": 1}
_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "off", "n", "no"})
# Nova does not start with anything but yes or no in these.
_SWITCHES = ("managed", "live_migratable", "one_time_use")

Address = tuple[str, str, str, str]
#: the address of a network interface's function, None if there is none
FindNetdev = Callable[[str], str | None]


@dataclasses.dataclass(frozen=True, slots=True)
class AddressPattern:
    """Which addresses an entry is for.

    :ivar fields: a value, or ``*``, per field; or a regular expression
    :ivar is_regex: which of the two
    """

    fields: Address
    is_regex: bool

    def matches(self, address: str) -> bool:
        """Whether ``0000:81:00.2`` is one of them."""
        parts = _parts(address)
        if self.is_regex:
            # Nova's rule: the beginning is enough.
            return all(
                re.match(pattern, part)
                for pattern, part in zip(self.fields, parts, strict=True)
            )
        return all(
            pattern in (_ANY, part)
            for pattern, part in zip(self.fields, parts, strict=True)
        )

    @property
    def single(self) -> str | None:
        """The one address that it names, if it names one."""
        if all(set(field) <= set(string.hexdigits) for field in self.fields):
            domain, bus, slot, function = self.fields
            return f"{domain}:{bus}:{slot}.{function}"
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One entry.

    :ivar vendor_id: four hexadecimal digits, or ``*``
    :ivar product_id: likewise
    :ivar address: None for an entry with a devname
    :ivar devname: a network interface
    :ivar managed: whether libvirt binds and unbinds drivers
    :ivar moves_state: whether its devices can keep their state in a live
        migration. Those of Neutron's ports are unplugged before it, and
        Nova never picks one that is not ``live_migratable``
        (nova/pci/stats.py, _filter_pools_for_live_migratable_devices).
    """

    vendor_id: str
    product_id: str
    address: AddressPattern | None
    devname: str | None
    managed: bool
    moves_state: bool

    def matches(
        self,
        function: pci.PciFunction,
        is_pf: Callable[[str], bool],
        find_netdev: FindNetdev,
    ) -> bool:
        """Whether the entry offers ``function``, or may do so.

        An id that cannot be told may be the one: a function that is left
        out would be taken for one like its siblings.

        :param is_pf: whether an address is a physical function's
        """
        # Nova skips what is in a PCI domain of more than 16 bits.
        if not names.NOVA_ADDRESS.fullmatch(function.address):
            return False
        for wanted, name in (
            (self.vendor_id, "vendor"), (self.product_id, "device")
        ):
            if wanted == _ANY:
                continue
            if wanted != (function.identity(name) or wanted):
                return False
        pattern = self.address
        if pattern is None:
            address = find_netdev(self.devname or "")
            if address is None:
                return False
            pattern = AddressPattern(_parts(address), is_regex=False)
        single = pattern.single
        if (
            function.pf
            and single is not None
            and pattern.matches(function.pf)
            and is_pf(single)
        ):
            return True
        return pattern.matches(function.address)


def parse(entries: Iterable[str]) -> tuple[DeviceSpec, ...]:
    """Read the values of ``[pci] device_spec``, in their order.

    :raises ConfigError: an entry has no meaning; the text names it
    """
    found = []
    for entry in entries:
        try:
            document = json.loads(entry)
        except (ValueError, RecursionError) as error:
            raise _bad(entry, f"is not JSON: {error}") from None
        items = document if isinstance(document, list) else [document]
        for item in items:
            if not isinstance(item, dict):
                raise _bad(
                    entry, "is not a JSON object or a list of objects"
                )
            found.append(_spec(entry, item))
    return tuple(found)


def _bad(entry: str, why: str) -> errors.ConfigError:
    return errors.ConfigError(
        f"[pci] device_spec entry {entry} {why}: correct it in nova.conf."
    )


def _spec(entry: str, item: dict[str, Any]) -> DeviceSpec:
    address = item.get("address")
    devname = item.get("devname")
    if address and devname:
        raise _bad(entry, "has both address and devname")
    switches = {
        name: _switch(entry, name, item.get(name)) for name in _SWITCHES
    }
    return DeviceSpec(
        _identity(entry, item, "vendor_id"),
        _identity(entry, item, "product_id"),
        None if devname else _pattern(entry, address or "*:*:*.*"),
        str(devname) if devname else None,
        switches["managed"] is not False,
        # null is a network too: that of hardware-offloaded ports.
        "physical_network" not in item
        and switches["live_migratable"] is not False,
    )


def _identity(entry: str, item: dict[str, Any], name: str) -> str:
    value = item.get(name, _ANY)
    if not isinstance(value, str):
        raise _bad(entry, f"has a {name} that is no text")
    # Nova takes a '*' with blanks for a vendor, not for a product.
    if _ANY == (value.strip() if name == "vendor_id" else value):
        return _ANY
    return _number(entry, name, value, 0xFFFF, 4)


def _number(
    entry: str, name: str, value: str, largest: int, digits: int
) -> str:
    try:
        number = int(value, 16)
    except ValueError:
        raise _bad(
            entry, f"has {name} {value!r}, which is no hexadecimal number"
        ) from None
    # A negative one is no function's, and no error in Nova.
    if number > largest:
        raise _bad(
            entry, f"has {name} {value!r}, which is above {largest:x}"
        )
    return f"{number:0{digits}x}"


def _switch(entry: str, name: str, value: object) -> bool | None:
    if value is None:
        return None
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise _bad(entry, f"has {name} {text!r}, which is neither yes nor no")
    return text in _TRUE


def _pattern(entry: str, address: object) -> AddressPattern:
    if isinstance(address, dict):
        fields = [address.get(name, ".*") for name in _FIELDS]
        try:
            for field in fields:
                re.compile(field)
        except (re.error, TypeError, OverflowError, RecursionError):
            raise _bad(
                entry, "has an address with a bad regular expression"
            ) from None
        return AddressPattern(
            (fields[0], fields[1], fields[2], fields[3]), is_regex=True
        )
    if not isinstance(address, str):
        raise _bad(entry, "has an address that is neither text nor object")
    return AddressPattern(_glob(entry, address), is_regex=False)


def _glob(entry: str, address: str) -> Address:
    """``[[[[domain]:]bus]:][slot][.[function]]``; left out is any."""
    rest, _, function = address.partition(".")
    parts = rest.split(":") if rest else []
    if len(parts) > 3:
        raise _bad(entry, f"has address {address!r}, which is no PCI address")
    texts = [
        *[_ANY] * (3 - len(parts)),
        *(part.strip() or _ANY for part in parts),
        function.strip() if function else _ANY,  # as Nova; blanks are bad
    ]
    fields = [
        value if value == _ANY
        else _number(entry, name, value, _LARGEST[name], _DIGITS[name])
        for name, value in zip(_FIELDS, texts, strict=True)
    ]
    return fields[0], fields[1], fields[2], fields[3]


def _parts(address: str) -> Address:
    domain, bus, rest = address.split(":")
    slot, _, function = rest.partition(".")
    return domain, bus, slot, function
