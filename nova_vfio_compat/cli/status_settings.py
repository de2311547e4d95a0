# SPDX-License-Identifier: Apache-2.0

"""What ``upgrade check`` finds in nova.conf.

One nova.conf may be that of a scheduler, of a compute host, or of both.
What it is can only be told from what is set in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import importlib.util
import json

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from nova_vfio_compat.host import errors as host_errors
from nova_vfio_compat.host import loader
from nova_vfio_compat.host import nova_conf

FILTER = "VfioCompatFilter"
#: either is enough in available_filters
FUNCTION = "nova_vfio_compat.scheduler.all_filters"
_CLASS = "nova_vfio_compat.scheduler.filter.VfioCompatFilter"
# Filters that leave out hosts for what happens on them. One behind ours may
# leave out the only host that is known to fit, after the last resort was
# dropped in its favour.
_BEFORE = ("ComputeFilter", "NUMATopologyFilter", "PciPassthroughFilter")
# Nova's default, with which no large device can be moved.
_SHORT_DOWNTIME = 500
_YES = frozenset({"1", "t", "true", "on", "y", "yes"})

_FILTER_OPTS = [
    # None, where Nova has its default: whether it is set tells what kind of
    # host this is.
    cfg.MultiStrOpt("available_filters"),
    cfg.ListOpt("enabled_filters"),
]
_LIBVIRT_OPTS = [
    cfg.BoolOpt("live_migration_permit_post_copy", default=False),
    cfg.IntOpt("live_migration_downtime", default=_SHORT_DOWNTIME, min=100),
]
_PCI_OPTS = [cfg.MultiStrOpt("alias", default=[])]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options of Nova's that are only checked."""
    conf.register_opts(_FILTER_OPTS, group="filter_scheduler")
    conf.register_opts(_LIBVIRT_OPTS, group="libvirt")
    conf.register_opts(_PCI_OPTS, group="pci")


def options(conf: cfg.ConfigOpts) -> upgradecheck.Result:
    """Our own options mean something, and so do Nova's device options."""
    try:
        nova_conf.device_options(conf)
    except (cfg.Error, host_errors.ConfigError) as error:
        text = " ".join(str(error).split()).rstrip(".")
        return _failure(f"{text[:1].upper()}{text[1:]}.")
    families = sorted({item.source.family for item in loader.load()[0]})
    for entry in conf.vfio_compat.relax:
        family = entry.partition(":")[0]
        if family not in families:
            return _warning(
                f"[vfio_compat] relax has {entry}, and no family {family} is "
                "known here: unless a package on the compute hosts adds it, "
                f"correct it to one of {', '.join(families)}."
            )
    return _success("The options of [vfio_compat] can be used.")


def scheduler_filter(conf: cfg.ConfigOpts) -> upgradecheck.Result:
    """The filter is available, enabled, and behind those before it."""
    available = conf.filter_scheduler.available_filters
    enabled = conf.filter_scheduler.enabled_filters
    loaded = not {FUNCTION, _CLASS}.isdisjoint(available or ())
    if FILTER not in (enabled or ()):
        if enabled is None and available is None:
            return _success(
                "Does not apply: [filter_scheduler] is not set in this "
                "nova.conf, as on a compute host; run the check with "
                "nova-scheduler's as well."
            )
        return _warning(
            f"{FILTER} is not in [filter_scheduler] enabled_filters, so "
            "nothing is decided where this nova.conf is used: append it in "
            "nova.conf of every nova-scheduler."
        )
    if not loaded:
        return _failure(
            f"nova-scheduler does not start with {FILTER} enabled and not "
            "available: set [filter_scheduler] available_filters = "
            f"{FUNCTION}."
        )
    behind = enabled[enabled.index(FILTER) + 1:]
    late = [name for name in _BEFORE if name in behind]
    if late:
        return _warning(
            f"{' and '.join(late)} should stand before {FILTER} in "
            "[filter_scheduler] enabled_filters: hosts that they leave out "
            "are looked at for nothing, and one of them may be the host for "
            "which others were given up."
        )
    if importlib.util.find_spec("nova") is None:
        return _warning(
            "Nova is not in the Python environment of this command: install "
            "this package in the one that nova-scheduler runs from."
        )
    return _success(f"{FILTER} is available and enabled.")


def migration(conf: cfg.ConfigOpts) -> upgradecheck.Result:
    """Nothing in nova.conf keeps VFIO devices from moving."""
    if not _offers(conf):
        return _success(
            "Does not apply: this nova.conf hands out no devices ([pci] "
            "device_spec and [devices] enabled_mdev_types are empty)."
        )
    if conf.libvirt.live_migration_permit_post_copy:
        # hw/vfio/migration.c of QEMU 8.2 and later refuses it.
        return _failure(
            "QEMU refuses to migrate VFIO devices where post-copy is "
            "permitted: set [libvirt] live_migration_permit_post_copy = "
            "False."
        )
    found = list(_doubts(conf))
    if found:
        return _warning(" ".join(found))
    return _success("Nothing in nova.conf keeps VFIO devices from moving.")


def _doubts(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Sentences on what may keep devices from moving."""
    for name in ("device_spec", "alias"):
        entries = _flavor_entries(conf.pci[name])
        if entries and not any(map(_is_migratable, entries)):
            yield (
                f"Nova never live-migrates an instance with a PCI device "
                f"whose [pci] {name} does not say so, and none does: add "
                '"live_migratable": "yes" where the devices can.'
            )
    types = conf.devices.enabled_mdev_types
    downtime = conf.libvirt.live_migration_downtime
    if downtime <= _SHORT_DOWNTIME and any(
        name.startswith("nvidia-") for name in types
    ):
        yield (
            f"The state of a vGPU does not move in {downtime} ms, and the "
            "migration never ends: raise [libvirt] live_migration_downtime; "
            "Nova's guide to virtual GPUs has 500000."
        )


def _flavor_entries(texts: Iterable[str]) -> list[dict[str, object]]:
    """The entries about devices that flavors ask for; none of bad ones."""
    found = []
    for text in texts:
        try:
            document = json.loads(text)
        except ValueError:
            continue
        items = document if isinstance(document, list) else [document]
        found += [
            item for item in items
            # Ports of Neutron are unplugged and plugged again.
            if isinstance(item, dict) and "physical_network" not in item
        ]
    return found


def _is_migratable(entry: dict[str, object]) -> bool:
    return str(entry.get("live_migratable", "")).lower() in _YES


def _offers(conf: cfg.ConfigOpts) -> bool:
    return bool(conf.pci.device_spec or conf.devices.enabled_mdev_types)


def _success(text: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.SUCCESS, text)


def _warning(text: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.WARNING, text)


def _failure(text: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.FAILURE, text)
