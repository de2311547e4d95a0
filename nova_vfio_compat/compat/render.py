# SPDX-License-Identifier: Apache-2.0

"""Verdicts as text, for logs and tables."""

from __future__ import annotations

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
