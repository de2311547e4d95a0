# SPDX-License-Identifier: Apache-2.0
"""Random devices whose rule uses every kind of variable there is."""

from __future__ import annotations

import random

Attributes = dict[str, str]

_FEATURES = ("bar", "baz", "foo", "f")
_VALUES = {
    "device_api": ("vfio-pci", "vfio_pci"),
    "type": ("V4", "V5", "V5-1"),
    "firmware": ("2.0", "2.0.3", "2.1.0", "2.2", "3.0", "16", "v2", "2..1"),
    "software_version": ("1.0.0", "1.1", "1.1.3", "2.0"),
    "queues": ("1", "4", "8", "100", "-3", "007"),
    "features": ("foo", "bar,foo", "foo,bar", "bar,f,foo", "baz", "f,f"),
    "label": ("a", "a-b", "b-a", "a-a", "-"),
}
_RANGES = ("2.0-2.1", "2.1-", "-2.1", "2.0.3", "1.0-3.0", "16-", "2.2")
_GENEROUS = {
    "device_api": ("vfio-pci",),
    "type": ("{a:any}", 'V{t:set:4,5}', '{t:string:"V4","V5"}'),
    "firmware": ("{b:version:1-3,16}", "{b:any}"),
    "software_version": ("1.1", "{c:version:1.0-,-2.0}", "{c:any}"),
    "queues": ("{d:min:-5}", "{d:min:2}", "{d:any}"),
    "features": ("{e:set:bar,f,foo}", "{e:any}"),
    "label": ("{g:any}", "", "{h:any}a{i:any}"),
}
#: each must be refused by both
BAD = (
    "{x:version:}", "{x:version:v1}", "{x:version:2-1}", "{x:version:-}",
    "{x:set:}", "{x:set:a,,b}", '{x:set:"a"}', "{x:min:}", "{x:min:1,2}",
    "{x:min:a}", "{x:min:01}", "{x:any:}", "{x:any:1}", "{x:max:1}",
    "{x:any}{x}/2", "{x:min:4}{x}/2", "{x:any}{x:min:1}", "{x}", "{x:any",
    "{x:set:a}{x:set:b}", "{x:int:1}{x:min:1}",
)


def _some(rng: random.Random, values: tuple[str, ...], most: int = 3) -> str:
    chosen = rng.sample(values, rng.randint(1, min(most, len(values))))
    return ",".join(sorted(chosen))


def state(rng: random.Random) -> Attributes:
    """What a device writes."""
    result = {"device_api": "vfio-pci", "type": rng.choice(_VALUES["type"])}
    for name, values in _VALUES.items():
        if name not in result and rng.random() < 0.5:
            result[name] = rng.choice(values)
    return result


def _variable(rng: random.Random, name: str) -> str:
    """A declaration that fits the attribute; ``x`` is shared by all."""
    variable = rng.choice((name[0], name[0], "x"))
    kinds = {
        "firmware": "version:" + _some(rng, _RANGES),
        "software_version": "version:" + _some(rng, _RANGES),
        "queues": rng.choice(("min:", "int:")) + rng.choice(("4", "8")),
        "features": "set:" + _some(rng, _FEATURES, 4),
        "type": 'string:"V4","V5"',
        "label": 'string:"a","b"',
    }
    kind = kinds.get(name, "any") if rng.random() < 0.8 else "any"
    return "{%s:%s}" % (variable, kind)


def _template(rng: random.Random, name: str, own: Attributes) -> str:
    choice = rng.random()
    if choice < 0.25 and name in own:
        return own[name]
    if choice < 0.35:
        return rng.choice(("", *_VALUES[name]))
    if name == "label":
        return rng.choice((
            "{l:any}", "{l:any}-{m:any}", "{l}-{l:any}", "{l:any}-b",
            '{l:string:"a","b"}-{m:set:a,b}', "a{l:any}", "{x:any}"))
    if name == "type" and choice < 0.5:
        return rng.choice(("V{t:min:5}", "V{t:any}", "V5{t:any}"))
    return _variable(rng, name)


def settable(rng: random.Random) -> tuple[str, ...]:
    """What can be set on such a device."""
    return tuple(name for name in ("queues", "label") if rng.random() < 0.3)


def alternative(rng: random.Random, own: Attributes) -> Attributes:
    """What such a device might accept."""
    if rng.random() < 0.5:
        result = {
            name: rng.choice(texts) for name, texts in _GENEROUS.items()}
        if rng.random() < 0.3:
            result["type"] = "V{t:int:4,5}"
            result["queues"] = rng.choice(("{t}", "{t}/2", "{t}0"))
            result["label"] = rng.choice(("a", "", "V{t}", "b{t}"))
        elif rng.random() < 0.3:
            result["queues"] = rng.choice(("4", "{d:int:8}"))
        return result
    result = {}
    for name in _VALUES:
        if rng.random() < (0.95 if name in own else 0.25):
            result[name] = _template(rng, name, own)
    if rng.random() < 0.2:
        result["queues"] = rng.choice(("{t}", "{t}/2"))
        result["type"] = "V{t:int:4,5,8}"
    if rng.random() < 0.1:
        result["label"] = rng.choice(("{q}", "{x}", "{l}"))
    return result
