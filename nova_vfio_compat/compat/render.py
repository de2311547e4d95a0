# SPDX-License-Identifier: Apache-2.0

"""Verdicts as text for logs and tables, and as JSON for programs.

The texts may change and nothing reads them back; the keys of the JSON form
and the codes in it stay.
"""

from __future__ import annotations

from typing import Any

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import verdict


def mismatch_text(mismatch: verdict.Mismatch) -> str:
    """One mismatch in words: ``firmware: source A, accepts B``."""
    source = "nothing" if mismatch.source is None else mismatch.source
    if mismatch.accepts is None:
        return (
            f"{mismatch.attribute}: source has {source}, "
            "destination does not know it"
        )
    accepts = mismatch.accepts or "nothing"
    return f"{mismatch.attribute}: source has {source}, accepts {accepts}"


def reasons_text(value: verdict.Verdict) -> str:
    """Every reason of a verdict in one line; empty for a plain yes."""
    found = [
        f"{item.code.value}: {mismatch_text(item)}"
        for item in value.mismatches
    ]
    if value.code is not None:
        side = f" ({value.side})" if value.side else ""
        found.insert(0, f"{value.code.value}: {value.code.text}{side}")
    if value.to_set:
        found.insert(0, f"set {settings_text(value)} on the destination")
    return "; ".join(found)


def settings_text(value: verdict.Verdict) -> str:
    """What to set on the destination: ``aggregator=2, fps=60``."""
    return ", ".join(f"{name}={text}" for name, text in value.to_set)


def verdict_dict(value: verdict.Verdict) -> dict[str, Any]:
    """A verdict as JSON: every key is always there.

    ``verdict`` and ``evidence`` are words, ``code`` is one or null, and
    ``side`` says which device it is about: source, destination or null.
    ``mismatches`` have ``attribute``, ``code``, ``source`` and ``accepts``,
    the latter two null where that side has nothing. ``set`` is what the
    destination must be given first, attribute to value. ``unverified`` are
    names, ``alternatives`` is how many were compared.
    """
    return {
        "verdict": value.outcome.value,
        "evidence": value.evidence.value,
        "code": None if value.code is None else value.code.value,
        "side": value.side,
        "mismatches": [
            {
                "attribute": item.attribute,
                "code": item.code.value,
                "source": item.source,
                "accepts": item.accepts,
            }
            for item in value.mismatches
        ],
        "set": dict(value.to_set),
        "unverified": list(value.unverified),
        "alternatives": value.tried,
    }


def verdict_text(value: verdict.Verdict) -> str:
    """A verdict in one line, with what it rests on."""
    text = value.outcome.value
    reasons = reasons_text(value)
    if reasons:
        text += f": {reasons}"
    notes = [value.evidence.value]
    if value.unverified and value.outcome is not codes.Outcome.INCOMPATIBLE:
        notes.append(f"unverified: {', '.join(value.unverified)}")
    return f"{text} [{'; '.join(notes)}]"
