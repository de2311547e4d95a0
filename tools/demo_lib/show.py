# SPDX-License-Identifier: Apache-2.0
"""Print one decision, and say whether it is the expected one."""

from __future__ import annotations

from collections.abc import Iterable

from demo_lib import decisions
from demo_lib import fleet
from demo_lib import output
from demo_lib import providers
from demo_lib import scenarios


def _device_names() -> dict[str, tuple[str, str]]:
    """Provider uuid to the host and the PCI address of its device."""
    found = {}
    for host in fleet.FLEET:
        for gpu in host.gpus:
            name = providers.gpu_provider(host, gpu)
            found[providers.uuid_of(name)] = host.name, gpu.address
        for nic in host.nics:
            name = providers.nic_provider(host, nic)
            found[providers.uuid_of(name)] = host.name, nic.address
    return found


_LABEL = 10
_PLAIN_YES = "compatible"
DEVICES = _device_names()


def claimed_device(decision: decisions.Decision) -> str:
    """The PCI address of the device that the scheduler claimed, or ""."""
    for uuid in decision.providers:
        if uuid in DEVICES:
            return DEVICES[uuid][1]
    return ""


def problems(
    scenario: scenarios.Scenario, decision: decisions.Decision
) -> list[str]:
    """What differs from what the scenario says must come of it."""
    found = []
    kept = frozenset(decision.kept)
    for name in sorted(kept - scenario.kept):
        found.append("%s should have been rejected" % name)
    for name in sorted(scenario.kept - kept):
        found.append("%s should have been kept" % name)
    for name, text in scenario.because.items():
        if text not in decision.reasons.get(name, ""):
            found.append("the reason for %s should name %s" % (
                name, text.rstrip(": ")
            ))
    if scenario.kept and decision.chosen is None:
        found.append("Nova found no valid host")
    if decision.chosen and decision.chosen in scenario.on:
        wanted = scenario.on[decision.chosen]
        if claimed_device(decision) != wanted:
            found.append("the device should have been %s" % wanted)
    return found


def show(
    scenario: scenarios.Scenario, decision: decisions.Decision,
    hosts: dict[str, fleet.Host],
) -> bool:
    """Print a decision; whether it was as it must be."""
    source = hosts[scenario.source]
    _line("from", "%s: %s" % (source.name, source.devices[0].describe()))
    _line("asked", "%d hosts that Nova's own filters left"
          % len(decision.reasons))
    kept = decision.kept
    rejected = [name for name in decision.reasons if name not in kept]
    _hosts("kept", kept, decision)
    _hosts("rejected", sorted(rejected, key=list(hosts).index), decision)
    if decision.chosen is None:
        _line("chosen", "none: NoValidHost, the instance stays where it is")
    else:
        _line("chosen", "%s, device %s" % (
            output.paint(decision.chosen, "bold"), claimed_device(decision)
        ))
    wrong = problems(scenario, decision)
    for text in wrong:
        _line("WRONG", output.paint(text, "red"))
    if not wrong:
        _line("", output.paint("as expected", "green"))
    return not wrong


def _line(label: str, text: str) -> None:
    output.line(label.ljust(_LABEL) + text)


def _hosts(
    label: str, names: Iterable[str], decision: decisions.Decision
) -> None:
    """Print hosts, those with the same reason together."""
    groups: dict[str, list[str]] = {}
    for name in names:
        reason = decision.reasons.get(name, "(nothing was said)")
        groups.setdefault(reason, []).append(name)
    if not groups:
        _line(label, "none")
    for reason, members in groups.items():
        output.prose(", ".join(members), 2 + _LABEL, label)
        if reason != _PLAIN_YES:
            output.prose(reason, 2 + _LABEL + 2)
        label = ""
