# SPDX-License-Identifier: Apache-2.0

"""What the fuzzer starts from: the examples and the golden classes."""

from __future__ import annotations

from collections.abc import Iterator
import json
import pathlib
from typing import Any

from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import neutral
from nova_vfio_compat.placement import codec

TESTS = pathlib.Path(__file__).parents[1]
#: inputs that broke a law once, or that are worth starting from
KEPT = TESTS / "data" / "fuzz"

#: for libFuzzer: texts that mean something to some parser
WORDS = (
    "{a:int:1,2}", "{a}/2", '{b:string:"x","y"}', "{v:version:1.0-2.3,4-}",
    "{s:set:a,b}", "{m:min:2}", "{z:any}", "{a}", "int", "string", "version",
    "set", "min", "any", "SELF:", "COMPATIBLE:", "software_version=",
    "device_api=", "type=", "pci_id", "vfio_pci", '"state":', '"accepts":',
    '"settable":', '"since":', '"unverified":', '"exposed":', '"opaque":',
    '"evidence":"declared"', '"evidence":"rule"', '"vocabulary":2',
    '"reason":"no_state"', '"limits":["single_device"]', '"family":',
    codec.REPORT, codec.CLASS_PREFIX, codec.DEFINITION_PREFIX,
    codec.SEEN_PREFIX + "20260101", codec.DEVICE_PREFIX + "PCI_0000_81_00_0_",
    codec.DEVICES_PREFIX + "PCI_0000_81_FF_",
)


def _documents() -> Iterator[dict[str, Any]]:
    """Every class of the vectors and the goldens, in JSON."""
    for path in sorted((TESTS / "data" / "vectors").glob("*.json")):
        found = json.loads(path.read_text(encoding="ascii"))
        yield from found["classes"].values()
    for path in sorted((TESTS / "golden").glob("*.json")):
        for item in json.loads(path.read_text(encoding="ascii")):
            if "class" in item:
                yield item["class"]


def _pairs() -> Iterator[bytes]:
    """Two classes, as far as a mail says what the verdict on them is."""
    for path in sorted((TESTS / "data" / "vectors").glob("*.json")):
        found = json.loads(path.read_text(encoding="ascii"))
        for item in found["verdicts"]:
            yield "\n\n".join(
                json.dumps(found["classes"][item[side]])
                for side in ("from", "to")
            ).encode()


def of(target: str) -> Iterator[bytes]:
    """The inputs that the law of this name starts from."""
    for path in sorted(KEPT.glob(f"{target}-*")):
        yield path.read_bytes()
    for document in _documents():
        yield _AS[target](document).encode()
    if target == "json":
        yield from _pairs()


def _as_templates(document: dict[str, Any]) -> str:
    state = document.get("state") or {}
    lines = ["x"]
    for items in (document.get("accepts") or [state])[:1]:
        for name, text in items.items():
            lines += [text, state.get(name, "")]
    return "\n".join(lines)


def _as_blocks(document: dict[str, Any]) -> str:
    state = document.get("state") or {}
    lines = []
    for number, items in enumerate((state, *document.get("accepts", ()))):
        lines.append("COMPATIBLE:" if number else "SELF:")
        lines += [f"{name}={text}" for name, text in items.items()]
    return "\n".join(lines)


def _as_traits(document: dict[str, Any]) -> str:
    lines = [codec.REPORT, codec.DEVICE_PREFIX + "PCI_0000_81_00_0_0"]
    try:
        one = neutral.from_document(document)
    except errors.ParseError:
        return "\n".join(lines)
    return "\n".join((
        *lines, codec.class_trait(one.id), *codec.definition_traits(one),
        json.dumps(document),
    ))


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


_AS = {
    "template": _as_templates,
    "blocks": _as_blocks,
    "json": _as_json,
    "traits": _as_traits,
}
