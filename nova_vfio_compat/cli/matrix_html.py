# SPDX-License-Identifier: Apache-2.0

"""The matrix as one page to look at: no network, no other file.

Names and values come from hosts that anybody may have written: all of them
are escaped here, and the page's script shows them as text only. The policy
in the page lets nothing run or load but what is hashed in it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
import datetime
import hashlib
import html
from importlib import resources
import json
import re
from typing import Any

from nova_vfio_compat.cli import matrix_parts as parts
from nova_vfio_compat.cli import published
from nova_vfio_compat.cli import relations
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import render
from nova_vfio_compat.compat import verdict

_SLOT = re.compile(r"@@([a-z]+)@@")
# What JSON has and a parser of HTML would take for the end of a script.
_IN_SCRIPT = str.maketrans(
    {char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
)


def page(
    fleet: published.Fleet,
    known: relations.Relations,
    now: datetime.datetime,
    relaxed: Iterable[str] = (),
) -> str:
    """The page.

    :param now: when the fleet was read
    :param relaxed: what comparisons leave out, for the reader to know
    """
    style, script = _data("matrix.css"), _data("matrix.js")
    relaxed = list(relaxed)
    slots = {
        "style": style,
        "script": script,
        "policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'",
        "when": html.escape(now.strftime("%Y-%m-%d %H:%M UTC")),
        "tiles": "".join(parts.tiles(fleet, known)),
        "attention": "".join(parts.attention(fleet, known)),
        "matrices": "".join(parts.matrices(known)),
        "classes": "".join(
            parts.members(number, one, fleet, known)
            for number, one in enumerate(known.classes, 1)
        ),
        "relaxed": (
            f"<p>Left out of every comparison (<code>relax</code>): "
            f"{html.escape(', '.join(relaxed))}.</p>"
            if relaxed else ""
        ),
        "data": _json(_document(known)),
    }
    return _SLOT.sub(lambda match: slots[match[1]], _data("matrix.html"))


def _document(known: relations.Relations) -> dict[str, Any]:
    """What the page's script shows on demand."""
    said: dict[verdict.Verdict, int] = {}
    pairs = [
        [
            said.setdefault(known.judge(source, destination), len(said))
            for destination in known.classes
        ]
        for source in known.classes
    ]
    return {
        "classes": [
            {
                "id": one.id,
                "label": known.label(one),
                "family": one.family,
                "bus": one.bus,
                "evidence": one.evidence.value,
                "vocabulary": one.vocabulary,
                "state": None if one.state is None else dict(one.state),
                "accepts": [dict(items) for items in one.accepts],
                "exposed": dict(one.exposed),
                "unverified": list(one.unverified),
                "settable": list(one.settable),
                "limits": list(one.limits),
                "reason": None if one.reason is None else one.reason.value,
                "stranded": known.stranded(one),
            }
            for one in known.classes
        ],
        "verdicts": [render.verdict_dict(item) for item in said],
        "pairs": pairs,
        "codes": {code.value: code.text for code in codes.Code},
    }


def _json(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_IN_SCRIPT)


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _data(name: str) -> str:
    folder = resources.files("nova_vfio_compat.cli").joinpath("data")
    return folder.joinpath(name).read_text(encoding="utf-8")
