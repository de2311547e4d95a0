# SPDX-License-Identifier: Apache-2.0

"""What operators read: one line per distinct reason, then every host."""

from __future__ import annotations

from collections.abc import Iterable

from oslo_log import log as logging

from nova_vfio_compat.compat import render
from nova_vfio_compat.scheduler import migration
from nova_vfio_compat.scheduler import pairing
from nova_vfio_compat.scheduler import policy as policy_

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
    judged: Iterable[policy_.Judged],
    kept: Iterable[policy_.Judged],
    policy: policy_.Policy,
) -> None:
    """Log a decision: the summary, each distinct reason, each host."""
    judged = list(judged)
    staying = {id(host) for host, _ in kept}
    what = f"Live migration of instance {moving.instance}"
    would = "would be " if policy.mode == policy_.AUDIT else ""
    reasons: dict[tuple[str, str], list[str]] = {}
    # Hosts share their answers, and a text takes longer than a decision.
    texts: dict[int, str] = {}
    debug = LOG.isEnabledFor(logging.DEBUG)
    for host, found in judged:
        fate = would + ("kept" if id(host) in staying else "rejected")
        if policy.is_exempt(host):
            fate = f"{would}kept (exempt)"
        if id(found.answer) not in texts:
            texts[id(found.answer)] = answer_text(found.answer)
        text = texts[id(found.answer)]
        if debug:
            LOG.debug("%s: host %s %s: %s", what, host.host, fate, text)
        if found.answer.reasons:
            reasons.setdefault((fate, text), []).append(host.host)
    LOG.info(
        "%s from %s: %d of %d hosts %skept",
        what,
        moving.source,
        len(staying),
        len(judged),
        would,
    )
    for (fate, text), hosts in reasons.items():
        LOG.info(
            "%s from %s: %d host(s) %s (%s%s): %s",
            what,
            moving.source,
            len(hosts),
            fate,
            ", ".join(hosts[:_EXAMPLES]),
            ", ..." if len(hosts) > _EXAMPLES else "",
            text,
        )
    if judged and not staying:
        for line in summary(found.answer for _, found in judged):
            LOG.info("%s from %s: no host: %s", what, moving.source, line)


def summary(answers: Iterable[pairing.Answer]) -> list[str]:
    """What would have to change for a host to be found, if all were refused.

    :returns: a line for each attribute that stands in the way, with what
        the source has and what the fleet offers; and one for each reason
        that is no attribute's
    """
    wanted: dict[tuple[str, str], dict[str, int]] = {}
    others: dict[str, int] = {}
    for answer in answers:
        offered = set()
        said = set()
        for reason in answer.reasons:
            if reason.verdict is None or not reason.verdict.mismatches:
                code = reason.code or reason.outcome
                said.add(getattr(code, "text", code.value))
                continue
            for item in reason.verdict.mismatches:
                offered.add((
                    item.attribute,
                    item.source or "nothing",
                    item.accepts or "nothing",
                ))
        for attribute, ours, theirs in offered:
            found = wanted.setdefault((attribute, ours), {})
            found[theirs] = found.get(theirs, 0) + 1
        for text in said:
            others[text] = others.get(text, 0) + 1
    return [
        f"{attribute}: the source has {ours}, the fleet accepts "
        + _most(found)
        for (attribute, ours), found in wanted.items()
    ] + [f"{text}: {count} host(s)" for text, count in others.items()]


def _most(found: dict[str, int]) -> str:
    """The most frequent ones, with their numbers of hosts."""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    texts = [
        f"{text} ({count} host(s))" for text, count in ranked[:_EXAMPLES]
    ]
    if len(ranked) > _EXAMPLES:
        texts.append(f"{len(ranked) - _EXAMPLES} others")
    return ", ".join(texts)
