# SPDX-License-Identifier: Apache-2.0

"""What operators read: one line per distinct reason, then every host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oslo_log import log as logging

from nova_vfio_compat.compat import render
from nova_vfio_compat.scheduler import migration
from nova_vfio_compat.scheduler import pairing

LOG = logging.getLogger(__name__)

_EXAMPLES = 5


def reason_text(reason: pairing.Reason) -> str:
    """A reason in one line."""
    if reason.verdict is not None:
        text = render.verdict_text(reason.verdict)
        classes = " -> ".join(filter(None, reason.classes))
        return f"{text} (class {classes})"
    text = reason.outcome.value
    if reason.code is not None:
        text += f": {reason.code.value}: {reason.code.text}"
    return text


def answer_text(answer: pairing.Answer) -> str:
    """Every reason of an answer in one line."""
    texts = list(dict.fromkeys(map(reason_text, answer.reasons)))
    if len(texts) > 1 and not answer.exact:
        return f"one of {len(texts)} reasons, such as {texts[0]}"
    return "; ".join(texts) or answer.outcome.value


def log(
    moving: migration.LiveMigration,
    answers: Iterable[tuple[Any, pairing.Answer]],
    kept: Iterable[Any],
) -> None:
    """Log a decision: the summary, each distinct reason, each host."""
    answers = list(answers)
    staying = {id(host) for host in kept}
    reasons: dict[tuple[bool, str], list[str]] = {}
    for host, answer in answers:
        keep = id(host) in staying
        text = answer_text(answer)
        LOG.debug(
            "Live migration of instance %s: host %s %s: %s",
            moving.instance,
            host.host,
            "kept" if keep else "rejected",
            text,
        )
        if answer.reasons:
            reasons.setdefault((keep, text), []).append(host.host)
    LOG.info(
        "Live migration of instance %s from %s: %d of %d hosts kept",
        moving.instance,
        moving.source,
        len(staying),
        len(answers),
    )
    for (keep, text), hosts in reasons.items():
        LOG.info(
            "Live migration of instance %s from %s: %d host(s) %s "
            "(%s%s): %s",
            moving.instance,
            moving.source,
            len(hosts),
            "kept" if keep else "rejected",
            ", ".join(hosts[:_EXAMPLES]),
            ", ..." if len(hosts) > _EXAMPLES else "",
            text,
        )
