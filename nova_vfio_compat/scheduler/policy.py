# SPDX-License-Identifier: Apache-2.0

"""What the operator wants done with an answer: options and extra specs.

Read once per decision, because all of it may change while the scheduler
runs: SIGHUP makes Nova read its files again.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import fnmatch
from typing import Any

import nova.conf
from oslo_config import cfg
from oslo_log import log as logging

from nova_vfio_compat import conf
from nova_vfio_compat.compat import codes
from nova_vfio_compat.scheduler import decision

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

Outcome = codes.Outcome
Judged = tuple[Any, decision.HostAnswer]

#: of a flavor: this instance is decided on in another mode
EXTRA_SPEC = "vfio_compat:mode"

ENFORCE = "enforce"
#: decide and log, change nothing
AUDIT = "audit"
#: do not even look
OFF = "off"
MODES = (ENFORCE, AUDIT, OFF)


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one decision.

    :ivar mode: ENFORCE, AUDIT or OFF
    :ivar unknown: ``last_resort``, ``reject`` or ``accept``
    :ivar relax: what is left out of comparisons, as ``judge`` takes it
    :ivar exempt: patterns of the names of hosts that are never rejected
    """

    mode: str = ENFORCE
    unknown: str = "last_resort"
    relax: frozenset[str] = frozenset()
    exempt: tuple[str, ...] = ()

    def is_exempt(self, host: Any) -> bool:
        """Whether a host is kept whatever its devices are."""
        return any(
            fnmatch.fnmatchcase(host.host, pattern)
            for pattern in self.exempt
        )

    def kept(self, judged: Iterable[Judged]) -> list[Judged]:
        """Choose the hosts that stay, in their order.

        Exempt hosts stay, and do not count as known to be good: the last
        resort is there for the others as if they did not exist.
        """
        judged = list(judged)
        fine = {Outcome.COMPATIBLE}
        if self.unknown == "accept" or (
            self.unknown == "last_resort"
            and not any(
                found.answer.outcome is Outcome.COMPATIBLE
                for host, found in judged
                if not self.is_exempt(host)
            )
        ):
            fine.add(Outcome.UNKNOWN)
        return [
            (host, found) for host, found in judged
            if found.answer.outcome in fine or self.is_exempt(host)
        ]

    def without_answers(self, hosts: list[Any]) -> list[Any]:
        """Choose the hosts that stay if nothing is known of any."""
        if self.mode != ENFORCE or self.unknown != "reject":
            return hosts
        return [host for host in hosts if self.is_exempt(host)]


def read(spec: Any) -> Policy:
    """Return what holds for a request.

    :param spec: Nova's RequestSpec
    """
    return Policy(
        mode=_mode(spec),
        unknown=str(_option("unknown")),
        relax=frozenset(_option("relax")),
        exempt=tuple(_option("exempt_hosts")),
    )


def _mode(spec: Any) -> str:
    mode = (spec.flavor.get("extra_specs") or {}).get(EXTRA_SPEC)
    if mode is None:
        return str(_option("mode"))
    if mode in MODES:
        return str(mode)
    # The API refuses it since microversion 2.86; older requests do not.
    default = str(_option("mode"))
    LOG.error(
        "Flavor %s: extra spec %s counts as %s until it is corrected: %r is "
        "none of %s",
        spec.flavor.get("name"),
        EXTRA_SPEC,
        default,
        mode,
        ", ".join(MODES),
    )
    return default


def _option(name: str) -> Any:
    """The value of an option, its default if the file has nonsense.

    oslo.config looks at the value only now, and a file may have changed.
    """
    try:
        return CONF[conf.GROUP.name][name]
    except cfg.Error as error:
        default = next(
            opt.default for opt in conf.SCHEDULER_OPTS if opt.dest == name
        )
        LOG.error(
            "[vfio_compat] %s counts as %s until nova.conf is corrected: %s",
            name,
            default,
            error,
        )
        return default
