# SPDX-License-Identifier: Apache-2.0
"""The mutants: each is one wrong rule, and who must notice it."""

from __future__ import annotations

import dataclasses

_ACCEPTANCE = "tests.unit.compat.test_acceptance"
_TEMPLATE = "tests.unit.compat.test_template"
_ATTRIBUTES = "tests.unit.compat.test_attributes"
_DOMAINS = "tests.unit.compat.test_domains"
_SETTINGS = "tests.unit.compat.test_settings"
_VERSIONS = "tests.unit.compat.test_versions"
_PAIRING = "tests.unit.scheduler.test_pairing"
_MLX5 = "tests.unit.host.test_mlx5"
_MDEV = "tests.unit.host.test_mdev"
_PAIRS = "tests.unit.test_random_pairs"
_MEMORY = "tests.functional.test_filter_memory.FilterMemoryTestCase"
_UNKNOWN = "tests.functional.nova.test_unknown.TestUnknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong text in one file of the package.

    :ivar name: to run it alone
    :ivar file: below nova_vfio_compat
    :ivar old: occurs there exactly once
    :ivar new: what is there instead
    :ivar why: what would go wrong for an operator
    :ivar tests: names for testtools.run; together they must fail
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "direction", "compat/acceptance.py",
        "_Pair(source, destination, relax)",
        "_Pair(destination, source, relax)",
        "old to new is refused, new to old is let through",
        (_ACCEPTANCE,)),
    Mutant(
        "minor-turned", "compat/versions.py",
        "if source_release[1] > accepted_release[1]:",
        "if source_release[1] < accepted_release[1]:",
        "a newer stream goes to an older driver",
        (_VERSIONS,)),
    Mutant(
        "minor-equal", "compat/versions.py",
        "if source_release[1] > accepted_release[1]:",
        "if source_release[1] >= accepted_release[1]:",
        "equal versions are refused",
        (_VERSIONS,)),
    Mutant(
        "bugfix", "compat/versions.py",
        "if source_release[1] > accepted_release[1]:",
        "if version.Version(source) > version.Version(accepted):",
        "a bugfix release splits the fleet",
        (_VERSIONS,)),
    Mutant(
        "major", "compat/versions.py",
        "if source_release[0] != accepted_release[0]:",
        "if source_release[0] > accepted_release[0]:",
        "a new major is taken for compatible",
        (_VERSIONS,)),
    Mutant(
        "first-alternative", "compat/acceptance.py",
        "for one in admission.alternatives(destination)",
        "for one in admission.alternatives(destination)[:1]",
        "what the second alternative admits is refused",
        (_ACCEPTANCE,)),
    Mutant(
        "unmentioned", "compat/admission.py",
        "for name, value in state.items():",
        "for name, value in set[tuple[str, str]]():",
        "a feature that the destination does not know is no obstacle",
        (_ACCEPTANCE,)),
    Mutant(
        "informational", "compat/admission.py",
        '{"mdev": ("pci_id",)}',
        '{"css": ("pci_id",)}',
        "vGPUs of one type on two models of parents never migrate",
        (_ACCEPTANCE,)),
    Mutant(
        "completion", "compat/admission.py",
        "if name not in texts and own is not None:",
        "if own is None and name not in texts:",
        "an alternative that does not repeat the type refuses everything",
        (_ACCEPTANCE,)),
    Mutant(
        "itself", "compat/acceptance.py",
        "if source == destination:",
        "if source is None:",
        "equal devices refuse each other",
        (_ACCEPTANCE,)),
    Mutant(
        "exposed", "compat/acceptance.py",
        "elif ours[name] != theirs[name]:",
        "elif not name:",
        "QEMU aborts, or completes onto a BAR of another size",
        (_ACCEPTANCE,)),
    Mutant(
        "division", "compat/unify.py",
        "    if divisor is None:\n", "    if divisor is None or divisor:\n",
        "{val1}/2 is taken for {val1}",
        (_TEMPLATE,)),
    Mutant(
        "remainder", "compat/unify.py",
        "return None if remainder else str(quotient)",
        "return str(quotient)",
        "1/2 is taken for 0",
        (_TEMPLATE,)),
    Mutant(
        "binding", "compat/alternative.py",
        "                environments = found\n",
        "                environments = {()}\n",
        "variables are not bound across the attributes",
        (_TEMPLATE,)),
    Mutant(
        "absent", "compat/alternative.py",
        'values.get(name, ""), environment',
        'values.get(name, "?"), environment',
        'attribute="" no longer lets an absent attribute in',
        (_TEMPLATE,)),
    Mutant(
        "braces-literal", "compat/template.py",
        'if kind not in ("int", "string"):',
        'if kind == "float":',
        "braces of a dialect that nobody knows are read as if they were ours",
        (_TEMPLATE,)),
    Mutant(
        "open-range", "compat/versions.py",
        "return self.first <= item and item.major == self.first.major",
        "return self.first <= item",
        "a range without an end admits the next major version",
        (_DOMAINS,)),
    Mutant(
        "subset", "compat/domains.py",
        "self.items.issuperset(split_set(text))",
        "self.items.issubset(split_set(text))",
        "a source with more features than the destination is let through",
        (_DOMAINS,)),
    Mutant(
        "at-least", "compat/domains.py",
        "int(text) >= self.least",
        "int(text) <= self.least",
        "{n:min:100} means at most 100",
        (_DOMAINS,)),
    Mutant(
        "own-kinds", "compat/device_class.py",
        "extended = self.evidence is not codes.Evidence.DECLARED",
        "extended = bool(self.evidence)",
        "a kernel's unknown braces are read as if they were ours",
        ("tests.unit.compat.test_device_class",)),
    Mutant(
        "fewest", "compat/alternative.py",
        "if len(bad) > 1 and self._shared:",
        "if len(bad) > 99 and self._shared:",
        "an operator is told of more differences than there need be",
        (_TEMPLATE,)),
    Mutant(
        "set-the-rest", "compat/settings.py",
        "source, destination, one, {*skip, *settable}",
        "source, destination, one, {*skip, *settable, *one.items}",
        "setting an attribute is said to help against another firmware",
        (_SETTINGS,)),
    Mutant(
        "set-as-the-source", "compat/settings.py",
        'if ours.get("type") != theirs.get("type"):',
        'if not ours.get("type"):',
        "a vGPU of another size is given the source's number of resources",
        (_SETTINGS,)),
    Mutant(
        "opaque", "compat/acceptance.py",
        "item.attribute in self.destination.opaque for item in found",
        "item.attribute for item in found",
        "every difference is unknown",
        (_ACCEPTANCE,)),
    Mutant(
        "identity", "compat/attributes.py",
        "if given in _IDENTITY:",
        'if given == "":',
        "every device is of a class of its own",
        (_ATTRIBUTES,)),
    Mutant(
        "drifted-names", "compat/attributes.py",
        "name = _NAMES.get(given, given)",
        "name = str(given)",
        "mdev_type and type are two attributes",
        (_ATTRIBUTES,)),
    Mutant(
        "any-pairing", "scheduler/pairing.py",
        "return max(outcomes, key=_ORDER.__getitem__",
        "return min(outcomes, key=_ORDER.__getitem__",
        "one good pairing is enough, and Nova makes another",
        (_PAIRING,)),
    Mutant(
        "half-a-device", "scheduler/pairing.py",
        "found.update((one, other) for other in classes)",
        "found.update((one, o) for o in classes if _type(o) == kind)",
        "an mdev of another declared type is not counted, and Nova takes it",
        (_PAIRING,)),
    Mutant(
        "one-sided", "compat/acceptance.py",
        "if self.one_sided:",
        "if not self:",
        "a device of which nothing can be seen is compatible",
        (_ACCEPTANCE,)),
    Mutant(
        "any-pairing-compare", "cli/compare.py",
        "next(item for item in _WORST_FIRST if item in found)",
        "next(item for item in reversed(_WORST_FIRST) if item in found)",
        "compare says yes where only one of two devices is fine",
        (_PAIRS + ".CompareTestCase", "tests.unit.cli.test_compare")),
    Mutant(
        "bound-driver", "host/driver.py",
        "        if not managed:\n",
        "        if managed or not managed:\n",
        "a free VF on mlx5_core is of no class or of another",
        (_MLX5,)),
    Mutant(
        "wildcards", "host/modules_alias.py",
        'key=lambda item: item[0].count("*"),',
        'key=lambda item: -item[0].count("*"),',
        "vfio-pci's own pattern beats the variant driver's",
        ("tests.unit.host.test_driver",)),
    Mutant(
        "psid", "host/sources/mlx5.py",
        '"psid": card.psid', '"psid": card.firmware',
        "cards of two vendors are taken for equal",
        (_MLX5,)),
    Mutant(
        "driver-version", "host/sources/mdev.py",
        "        if version is None:\n",
        "        if True:\n",
        "two versions of an mdev driver are taken for equal",
        ("tests.unit.host.test_mdev_generic",)),
    Mutant(
        "manager-version", "host/sources/nvidia.py",
        '"manager_version": _manager_version(ctx),\n',
        "",
        "two vGPU manager versions are taken for equal",
        ("tests.unit.host.test_nvidia_pairs",)),
    Mutant(
        "full-card", "host/sources/nvidia_types.py",
        "        found = _configured(number, ctx)\n",
        "        found = None\n",
        "a vGPU has another class once the card is full",
        ("tests.unit.host.test_nvidia_types",)),
    Mutant(
        "msix", "host/sources/mlx5.py",
        'exposed["msix"] = vectors',
        'exposed["msix"] = ""',
        "QEMU refuses what has another MSI-X table",
        ("tests.unit.host.test_mlx5",)),
    Mutant(
        "last-queues", "host/sources/hisi_acc.py",
        "return each + rest if place == vfs - 1 else each",
        "return each",
        "the last VF has more queues than the others",
        ("tests.unit.host.test_hisi_acc",)),
    Mutant(
        "order-of-services", "host/sources/qat.py",
        "attributes.joined_set(services)",
        'ctx.tree.read(f"{pf.path}/qat/cfg_services")',
        "one set of services is two",
        ("tests.unit.host.test_qat",)),
    Mutant(
        "dirty-pages", "host/describe.py",
        "        if not untracked:\n",
        "        if True:\n",
        "QEMU refuses to migrate what nobody tracks",
        ("tests.unit.host.test_tracking",)),
    Mutant(
        "operator-over-source", "host/knowledge.py",
        "_compared(found) & facts.keys()",
        "set()",
        "an operator's file overrides what a driver says",
        ("tests.unit.host.test_knowledge_apply",)),
    Mutant(
        "driver-that-declares", "host/sources/variant.py",
        "        if _declares(name, ctx):\n",
        "        if False:\n",
        "a function that cannot migrate is guessed to",
        ("tests.unit.host.test_variant",)),
    Mutant(
        "crowded", "scheduler/pairing.py",
        "    if amount < 2:\n",
        "    if amount < 3:\n",
        "QEMU refuses a second device beside one without P2P",
        ("tests.unit.scheduler.test_pairing",)),
    Mutant(
        "one-of-the-mdevs", "host/scan.py",
        "classes = tuple(sorted(existing, key=lambda one: one.id))",
        "classes = tuple(sorted(existing, key=lambda one: one.id))[:1]",
        "an existing mdev that differs is forgotten",
        (_MDEV,)),
    Mutant(
        "vfs-that-differ", "placement/report.py",
        "if len(set(siblings.values())) > 1:",
        "if len(set(siblings.values())) > 999:",
        "VFs that differ cannot be told apart",
        ("tests.unit.placement.test_report",)),
    Mutant(
        "codec-hash", "placement/codec.py",
        "if value.id != id_:",
        "if not value.id:",
        "anybody who may write traits redefines a class",
        ("tests.unit.placement.test_decode",)),
    Mutant(
        "pf-for-all", "placement/report.py",
        "and len(self.devices.get(pf, ())) == 1:",
        "and pf in self.devices:",
        "a VF that nobody has looked at is taken for its siblings",
        ("tests.unit.placement.test_report",)),
    Mutant(
        "a-bus-for-all", "placement/functions.py",
        "sum(1 << number for number in numbers)",
        "(2 << max(numbers)) - 1",
        "functions that nobody has looked at are reported",
        ("tests.unit.placement.test_functions",)),
    Mutant(
        "said-twice", "compat/device_class.py",
        "value.accepts if value.accepts != (value.state,) else ()",
        "value.accepts",
        "a class takes two traits more than it needs",
        ("tests.unit.compat.test_device_class",)),
    Mutant(
        "stale-dictionary", "scheduler/names.py",
        "listed = api.trait_names(codec.CLASS_PREFIX)",
        "listed = [codec.class_trait(key) for key in self._definitions]",
        "a host upgraded to a new class is not found before a restart",
        (_MEMORY + ".test_class_never_seen_before",)),
    Mutant(
        "stale-report", "scheduler/fleet.py",
        "return api.report_providers(map(codec.class_trait, ids), fresh)",
        "return api.report_providers(map(codec.class_trait, ids))",
        "SEEN is never checked: what a dead reporter said is believed",
        (_MEMORY + ".test_reporter_that_died",)),
    Mutant(
        "old-report", "scheduler/fleet.py",
        "if known is not None and known[0] == generation:",
        "if known is not None:",
        "a mixed host is judged by a report that it has replaced",
        (_MEMORY + ".test_cards_that_change_places",)),
    Mutant(
        "last-resort", "scheduler/policy.py",
        'self.unknown == "last_resort"\n            and not any(',
        'self.unknown == "last_resort"\n            and any(',
        "hosts of which nothing is known rank with the good ones",
        ("tests.unit.scheduler.test_policy",)),
    Mutant(
        "exempt-counts", "scheduler/policy.py",
        "                if not self.is_exempt(host)\n",
        "",
        "an exempt host takes the last resort from the others",
        ("tests.unit.scheduler.test_policy",)),
    Mutant(
        "audit-decides", "scheduler/filter.py",
        "if policy.mode == policy_.AUDIT:",
        'if policy.mode == "":',
        "audit mode rejects hosts",
        ("tests.functional.nova.test_policies.TestPolicies.test_audit",)),
    Mutant(
        "no-steering", "scheduler/filter.py",
        "lambda candidate: next(remaining))",
        "lambda candidate: True)",
        "the right host, and the claim lands on its wrong card",
        (_MEMORY + ".test_cards_that_change_places",)),
)
