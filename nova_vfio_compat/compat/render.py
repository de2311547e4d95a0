# SPDX-License-Identifier: Apache-2.0

"""Verdicts as text for logs and tables, and as data for JSON."""

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
    return "; ".join(found)


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


def verdict_dict(value: verdict.Verdict) -> dict[str, Any]:
    """A verdict as plain data, for JSON."""
    return {
        "verdict": value.outcome.value,
        "code": value.code.value if value.code else None,
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
        "evidence": value.evidence.value,
        "unverified": list(value.unverified),
    }
