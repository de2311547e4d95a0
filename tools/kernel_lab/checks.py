# SPDX-License-Identifier: Apache-2.0
"""What the laboratory holds against the kernels, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import concurrent.futures
import dataclasses

from kernel_lab import campaign
from kernel_lab import events
from kernel_lab import explained
from kernel_lab import hosts
from kernel_lab import matrix
from kernel_lab import output
from kernel_lab import predict
from kernel_lab import streams
from kernel_lab import trace
from kernel_lab import verdicts
from tests.kernel import handmade


@dataclasses.dataclass(slots=True)
class Result:
    """What went wrong, and all that was learned."""

    failures: list[str] = dataclasses.field(default_factory=list)
    pairs: list[matrix.Pair] = dataclasses.field(default_factory=list)
    saved: list[verdicts.Saved] = dataclasses.field(default_factory=list)


def run(lab: campaign.Campaign, liar_only: bool = False) -> Result:
    """Boot the hosts and compare.

    :param liar_only: only the host that lies is a destination
    """
    result = Result()
    lab.say("\nhosts:")
    for host in (*hosts.ALL, hosts.LIAR):
        lab.say(f"  {host.name}: {host.about}")
    lab.say("\nboots:")
    # The events are their own boot; it starts with the first ones.
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        happened = None if liar_only else pool.submit(
            lab.boot, hosts.ALPHA, "events")
        result.saved = campaign.parallel(lab.save, hosts.ALL)
        damaged = streams.damage(result.saved[0])
        destinations = [hosts.LIAR] if liar_only else [
            *hosts.ALL, hosts.LIAR]
        loaded = {boot.host: boot for boot in campaign.parallel(
            lambda host: lab.load(
                host, result.saved,
                damaged if host is hosts.ALPHA else ()),
            destinations)}
        if happened is not None:
            happened.result()
    sources = matrix.Sources(result.saved)
    if not liar_only:
        result.pairs = [
            pair for host in hosts.ALL
            for pair in sources.pairs(host, loaded[host.name])]
        _honest(lab, result)
        _damaged(lab, loaded[hosts.ALPHA.name], damaged, result)
        _steady(lab, loaded, result)
        _events(lab, result)
        _files(lab, result)
    lies = sources.pairs(hosts.LIAR, loaded[hosts.LIAR.name])
    _liar(lab, lies, liar_only, result)
    return result


def _list(
    lab: campaign.Campaign, title: str, pairs: Sequence[matrix.Pair]
) -> None:
    lab.say(f"\n{title}: {len(pairs)}")
    if pairs:
        lab.say(output.groups(pairs))


def _false_no(
    lab: campaign.Campaign, pairs: Sequence[matrix.Pair], result: Result
) -> None:
    _list(lab, "false no", pairs)
    for pair in pairs:
        if not explained.reasons(pair):
            result.failures.append(
                f"{pair.source} -> {pair.destination}: the kernel loads it,"
                f" and there is no reason to refuse: {pair.package.reasons}")
    for reason in dict.fromkeys(
            reason for pair in pairs for reason in explained.reasons(pair)):
        lab.say(f"  {reason}")


def _honest(lab: campaign.Campaign, result: Result) -> None:
    pairs = result.pairs
    lab.say(f"\n{len(pairs)} ordered pairs of devices")
    lab.say(output.confusion(pairs))
    wrong = [pair for pair in pairs if pair.false_yes]
    _list(lab, "false yes (must be none)", wrong)
    _false_no(lab, [pair for pair in pairs if pair.false_no], result)
    _list(lab, "unknown", [
        pair for pair in pairs if pair.package.word == "unknown"])
    if wrong:
        result.failures.append(
            f"{len(wrong)} times the package said yes and the kernel no")
    if not any(pair.kernel.yes for pair in pairs):
        result.failures.append("no kernel loaded anything")


def _damaged(
    lab: campaign.Campaign, boot: verdicts.Loaded,
    damaged: Sequence[streams.Damaged], result: Result,
) -> None:
    lab.say("\ndamaged streams, written header first")
    rows = []
    for item in damaged:
        verdict = boot.verdicts[item.name, item.target]
        rows.append((item.name, verdict.text))
        if verdict.yes:
            result.failures.append(f"{item.name} was loaded")
    lab.say(output.table(("stream", "kernel"), rows))


def _steady(
    lab: campaign.Campaign, loaded: Mapping[str, verdicts.Loaded],
    result: Result,
) -> None:
    """Neither a reboot nor being used changes the class of a device."""
    count = 0
    for boot in result.saved:
        first = predict.Package(boot.tree).ids()
        for tree in (loaded[boot.host].tree, loaded[boot.host].after):
            again = predict.Package(tree).ids()
            changed = [
                name for name, one in first.items()
                if again.get(name) != one]
            result.failures += [
                f"{boot.host}/{name} is of another class in {tree}"
                for name in changed]
            count += len(first) - len(changed)
    lab.say(f"\n{count} devices are of the same class after a reboot, and"
            " after being used")


def _events(lab: campaign.Campaign, result: Result) -> None:
    rows, wrong = events.check(lab.out(hosts.ALPHA, "events"))
    lab.say("\nevents")
    lab.say(output.table(("step", "kernel's events", "a scan finds"), rows))
    result.failures += wrong


def _files(lab: campaign.Campaign, result: Result) -> None:
    tree = result.saved[0].tree
    wrong = list(handmade.differences(tree, lab.folder / "handmade"))
    lab.say(f"\nhand-built trees against a recorded one: {len(wrong)}"
            " differences")
    result.failures += [f"tests/trees: {text}" for text in wrong]
    if not trace.available():
        lab.say("no strace here: what a scan opens was not looked at")
        return
    opened, wrong = trace.check(tree, lab.folder)
    lab.say(f"a scan under strace: opens {opened} files, none that it should"
            " not, and changes nothing" if not wrong else "\n".join(wrong))
    result.failures += wrong


def _liar(
    lab: campaign.Campaign, pairs: list[matrix.Pair], alone: bool,
    result: Result,
) -> None:
    wrong = [pair for pair in pairs if pair.false_yes]
    _list(lab, "false yes on the host that lies (must be some)", wrong)
    if alone:
        result.pairs = pairs
        if wrong:
            result.failures.append(
                f"{len(wrong)} times the package said yes and the kernel no")
    elif not wrong:
        result.failures.append("the lie was not noticed")
