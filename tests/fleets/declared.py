# SPDX-License-Identifier: Apache-2.0
"""Random ``migration/`` folders, sound ones and broken ones."""

from __future__ import annotations

import random

from tests import trees

Attributes = dict[str, str | bytes]

_VALUES = {
    "aggregator": ("1", "2", "4"),
    "pv_mode": ("none", "none+ppgtt", "none+ppgtt+context"),
    "pci_id": ("8086591d", "0x80865963", "8086:591D"),
    "software_version": ("1.0.0", "1.1.0", "1.1.3", "1.2", "2.0.0", "v1"),
    "device_api": ("vfio-pci", "vfio_pci", "vfio-ccw"),
}
_SPREAD = ("1", "2", "4", "8")
#: Names that the proposals have used for one attribute.
_SPELLINGS = {
    "device_api": ("device_api", "device_type"),
    "type": ("type", "mdev_type"),
    "pci_id": ("pci_id", "device_id"),
    "software_version": ("software_version", "interface_version"),
}
_BAD_TEMPLATES = (
    "V5_{a:int:1,2", "V5_{a:float:1.0}", "{nobody}", "{nobody}/2", "V5_}",
    "{a:string:none}", "{a:int:}", "{a:int:1,x}", "{a:min:100}", "{a:any}",
    "{a:int:1,2}{a:int:1,2,4}", "{a:int:2,4}{a}/0", "{}", "caf\u00e9",
)
_BAD_VALUES: tuple[str | bytes, ...] = (
    "i915-GVTg_V5_{a:int:1,2}", "}", b"\xff\xfe\n", b"one\ntwo\n", "a\tb\x07")


def _named(rng: random.Random, values: Attributes) -> Attributes:
    """The same under the names of one or another mail."""
    return {
        rng.choice(_SPELLINGS.get(name, (name,))): value
        for name, value in values.items()}


def _self(rng: random.Random, type_id: str) -> dict[str, str]:
    values = {"type": type_id}
    if rng.random() < 0.98:
        values["device_api"] = rng.choice(
            _VALUES["device_api"][:2] if rng.random() < 0.95
            else _VALUES["device_api"])
    if rng.random() < 0.98:
        values["software_version"] = rng.choice(_VALUES["software_version"])
    if rng.random() < 0.5:
        values["aggregator"] = rng.choice(_VALUES["aggregator"])
    if rng.random() < 0.2:
        values["pv_mode"] = rng.choice(_VALUES["pv_mode"])
    if rng.random() < 0.2:
        values["pci_id"] = rng.choice(_VALUES["pci_id"])
    return values


def _list(rng: random.Random, values: tuple[str, ...], quote: str) -> str:
    chosen = rng.sample(values, rng.randint(1, len(values)))
    return rng.choice((",", ", ")).join(
        quote + value + quote for value in chosen)


def _template(rng: random.Random, name: str, own: str | None) -> str:
    """A template for one attribute other than the type."""
    choice = rng.random()
    values = _VALUES[name]
    if choice < 0.35 and own is not None:
        return own
    if choice < 0.5:
        return rng.choice(values)
    if choice < 0.6:
        return ""
    if name == "aggregator" and choice < 0.85:
        return "{g:int:%s}" % _list(rng, _SPREAD, "")
    if choice < 0.9:
        return "{%s:string:%s}" % (name[0], _list(rng, values, '"'))
    # The same list twice is one variable declared twice, and is allowed.
    return '{twice:string:"",%s}' % _list(rng, values[:1], '"')


def _generous(rng: random.Random, own: dict[str, str]) -> Attributes:
    """An alternative that lets many in."""
    result: Attributes = {
        "type": own["type"][:-1] + "{n:int:1,2,4,8}",
        "aggregator": '{a:string:"","1","2","4"}'}
    if rng.random() < 0.5:
        result["software_version"] = rng.choice(("1.1.0", "1.2"))
    if rng.random() < 0.3:
        result["aggregator"] = rng.choice(("{n}/2", "{n}", ""))
    if "pv_mode" in own:
        result["pv_mode"] = "{p:string:%s}" % _list(
            rng, ("", *_VALUES["pv_mode"]), '"')
    if "pci_id" in own and rng.random() < 0.5:
        result["pci_id"] = own["pci_id"]
    return result


def _alternative(rng: random.Random, own: dict[str, str]) -> Attributes:
    if rng.random() < 0.4:
        return _generous(rng, own)
    result: Attributes = {}
    prefix = own["type"][:-1]
    bound = None
    if rng.random() < 0.85:
        choice = rng.random()
        if choice < 0.3:
            result["type"] = own["type"]
        elif choice < 0.9:
            bound = "val1"
            result["type"] = "%s{val1:int:%s}" % (
                prefix, _list(rng, _SPREAD, ""))
        else:
            result["type"] = prefix + rng.choice(_SPREAD)
    for name in ("device_api", "software_version"):
        if rng.random() < 0.4:
            result[name] = _template(rng, name, own.get(name))
    if "aggregator" in own and rng.random() < 0.9 or rng.random() < 0.2:
        if bound is not None and rng.random() < 0.5:
            result["aggregator"] = rng.choice(
                ("{val1}/2", "{val1}", "{val1}/4", "{val1}/3"))
        else:
            result["aggregator"] = _template(
                rng, "aggregator", own.get("aggregator"))
    for name in ("pv_mode", "pci_id"):
        if name in own and rng.random() < 0.8 or rng.random() < 0.1:
            result[name] = _template(rng, name, own.get(name))
    return result


def migration(rng: random.Random, type_id: str,
              broken: float = 0.06) -> trees.Migration:
    """A random folder; ``broken`` is how often no one can make sense of it.

    :param type_id: the device's own type, which ends in a digit
    """
    own = _self(rng, type_id)
    alternatives = [
        _alternative(rng, own)
        for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 2, 3)))]
    written: Attributes = dict(own)
    if rng.random() < broken:
        if alternatives and rng.random() < 0.6:
            rng.choice(alternatives)["aggregator"] = rng.choice(
                _BAD_TEMPLATES)
        else:
            written["aggregator"] = rng.choice(_BAD_VALUES)
    if rng.random() < 0.3:
        written["remote_url"] = "nvme://10.0.0.%d/" % rng.randint(1, 9)
    if rng.random() < 0.2 and alternatives:
        alternatives[0]["serial"] = "%08x" % rng.getrandbits(32)
    names = None
    if len(alternatives) > 1 and rng.random() < 0.5:
        names = ["compatible"] + [
            "compatible%d" % index for index in range(1, len(alternatives))]
    return trees.Migration(
        self=_named(rng, written),
        compatible=[_named(rng, one) for one in alternatives], names=names)
