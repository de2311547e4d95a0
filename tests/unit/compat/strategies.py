# SPDX-License-Identifier: Apache-2.0

"""Random classes for laws that hold for all of them.

The words are few, so that classes often nearly fit one another.
"""

from __future__ import annotations

from typing import Any

import hypothesis
from hypothesis import strategies as st

from nova_vfio_compat import compat
from nova_vfio_compat.compat import attributes

# On a busy machine an example may take long; how long says nothing here.
law = hypothesis.settings(
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=(
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.filter_too_much,
    ),
)

NAMES = ("type", "device_api", "software_version", "a", "b", "pci_id")
WORDS = ("1", "2", "4", "t", "1.0", "1.2", "a,b", "b", "8086591d")
#: what only rules and operators may say
OWN = (
    "{o:any}", "{v:version:1.0-1.1,2-}", "{s:set:a,b}", "{m:min:2}",
    "x{o:any}", "{o:any}{s2:set:a}",
)

# Text in which braces, quotes and commas are frequent.
texts = st.text("{}:\",/-. \n0129anystrivm\u00e9\0", max_size=60)
words = st.sampled_from(WORDS)
states = st.dictionaries(
    st.sampled_from(NAMES), words, min_size=1
).map(attributes.normalise_state)
_declarations = st.sampled_from((
    "{n:int:1,2,4}", '{w:string:"t","","1.0"}', "{n:int:1,2,4}{n}",
))
_references = st.sampled_from(("{n}", "{n}/2", "{w}", "t{n}"))
_plain = words | st.just("") | _declarations
_any = _plain | st.sampled_from(OWN)


@st.composite
def alternatives(
    draw: st.DrawFn, extended: bool = False
) -> dict[str, str]:
    """Attributes with templates; what is referred to is declared."""
    items = draw(
        st.dictionaries(
            st.sampled_from(NAMES), _any if extended else _plain, max_size=5
        )
    )
    for name in ("a", "b"):
        items[name] = draw(_references | st.just(items.get(name, "")))
    declared = " ".join(items.values())
    for name in ("a", "b"):
        variable = items[name].strip("t{}/2")
        if variable in ("n", "w") and f"{{{variable}:" not in declared:
            items[name] = "1"
    return attributes.normalise_templates(items, extended)


@st.composite
def classes(draw: st.DrawFn) -> compat.DeviceClass:
    """Any class of one of two families."""
    evidence = draw(st.sampled_from(compat.Evidence))
    extended = evidence is not compat.Evidence.DECLARED
    parts: dict[str, Any] = {
        "family": draw(st.sampled_from(("f", "g"))),
        "bus": draw(st.sampled_from(("pci", "pci", "mdev"))),
        "evidence": evidence,
        "state": draw(states | st.none()),
        "accepts": tuple(
            draw(st.lists(alternatives(extended), max_size=3))
        ),
        "exposed": draw(
            st.dictionaries(st.sampled_from(("vendor", "bars")), words)
        ),
        "unverified": draw(st.lists(st.sampled_from(("ecc", "mode")))),
        "settable": draw(st.lists(st.sampled_from(("a", "b")))),
        "vocabulary": draw(st.integers(1, 2)),
        "since": draw(st.sampled_from(({}, {"a": 2}))),
    }
    if parts["state"] is None or not parts["accepts"]:
        parts["reason"] = draw(st.sampled_from((
            compat.Code.PLAIN_VFIO_PCI, compat.Code.NO_STATE,
            compat.Code.UNREADABLE,
        )))
    return compat.DeviceClass(**parts)
