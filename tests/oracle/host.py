# SPDX-License-Identifier: Apache-2.0
"""What is in a host tree, read with nothing but the standard library."""

from __future__ import annotations

import dataclasses
import fnmatch
import os
import pathlib

from tests.oracle import rules
from tests.oracle import texts

Answer = rules.Answer
Device = rules.Device


@dataclasses.dataclass(frozen=True)
class Row:
    """A device, by libvirt's name, and everything that it may turn out to be.

    :ivar provider: the device that Nova's resource provider is named after
    """

    name: str
    kind: str
    provider: str
    ways: tuple[Device, ...]


def read(root: str | os.PathLike[str]) -> dict[str, Row]:
    """Return the rows of a tree by name.

    A type of a parent that has several is ``<parent>/<type>``.
    """
    sysfs = pathlib.Path(root) / "sys"
    rows = {}
    for link in _links(sysfs / "bus/pci/devices"):
        row = _pci(sysfs, pathlib.Path(root), link)
        if row is not None:
            rows[row.name] = row
    for link in _links(sysfs / "class/mdev_bus"):
        parent = link.resolve()
        kinds = sorted((parent / "mdev_supported_types").iterdir())
        for kind in kinds:
            name = _parent_name(parent)
            if len(kinds) > 1:
                name += "/" + kind.name
            rows[name] = Row(name, "mdev-type", _parent_name(parent),
                             _type_ways(sysfs, parent, kind))
    for link in _links(sysfs / "bus/mdev/devices"):
        device = link.resolve()
        parent_name = device.parent.name.replace(":", "_").replace(".", "_")
        name = "mdev_%s_%s" % (device.name.replace("-", "_"), parent_name)
        rows[name] = Row(name, "mdev", _parent_name(device.parent),
                         (_mdev(sysfs, device),))
    return rows


def _links(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _text(path: pathlib.Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _pci_name(address: str) -> str:
    return "pci_" + address.replace(":", "_").replace(".", "_")


def _parent_name(parent: pathlib.Path) -> str:
    if ":" in parent.name:
        return _pci_name(parent.name)
    return "%s_%s" % (parent.parent.name, parent.name)


def _folder(path: pathlib.Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def _declared(device: pathlib.Path, bus: str,
              exposed: dict[str, str]) -> Device:
    """Read ``migration/``; whatever is wrong with it makes it unknown."""
    broken = Device(bus, "declared", None, (), exposed, Answer.UNKNOWN)
    try:
        raws = [_folder(folder)
                for folder in sorted((device / "migration").iterdir())
                if folder.name.startswith("compatible")]
        state = texts.state_of(_folder(device / "migration/self"))
        for raw in raws:
            texts.expansions(raw)
    except (OSError, texts.Bad):
        return broken
    # The last form of the proposal demands these of every device.
    if not {"device_api", "type", "software_version"} <= state.keys():
        return broken
    silent = None if raws else Answer.NO
    return Device(bus, "declared", state, tuple(raws), exposed, silent)


def _driver(device: pathlib.Path) -> str | None:
    link = device / "driver"
    return os.path.basename(os.readlink(link)) if link.is_symlink() else None


def _folded(driver: str) -> str:
    return driver.replace("-", "_")


def _is_vfio(driver: str) -> bool:
    return _folded(driver).endswith("vfio_pci")


def _wanted_driver(root: pathlib.Path, device: pathlib.Path) -> str | None:
    """The variant driver that libvirt would bind: fewest wildcards win."""
    release = _text(root / "proc/sys/kernel/osrelease") or ""
    aliases = _text(root / "lib/modules" / release / "modules.alias") or ""
    modalias = (_text(device / "modalias") or "").replace("pci:", "", 1)
    best: tuple[int, str] | None = None
    for line in aliases.splitlines():
        words = line.split()
        if len(words) != 3 or not words[1].startswith("vfio_pci:"):
            continue
        pattern = words[1].removeprefix("vfio_pci:")
        if fnmatch.fnmatchcase(modalias, pattern):
            found = (pattern.count("*"), words[2])
            best = found if best is None else min(best, found)
    if best is None:
        # Without a better one libvirt takes the driver that fits all.
        return "vfio_pci" if aliases else None
    return best[1]


def _exposed(device: pathlib.Path) -> dict[str, str]:
    found = {}
    for name in ("vendor", "device", "revision", "class"):
        value = _text(device / name)
        if value is not None:
            found[name] = value
    for index, line in enumerate(
            (_text(device / "resource") or "").splitlines()[:6]):
        start, end, flags = (int(word, 16) for word in line.split())
        if flags:
            # Address and alignment bits differ from host to host.
            found["bar%d" % index] = "%x:%x" % (
                end - start + 1, flags & 0x10230f)
        else:
            found["bar%d" % index] = "none"
    return found


#: Nobody but the IOMMU sees what their devices write.
_UNTRACKED = ("hisi_acc_vfio_pci", "qat_vfio_pci", "virtio_vfio_pci",
              "xe_vfio_pci")


def _pci(sysfs: pathlib.Path, root: pathlib.Path,
         link: pathlib.Path) -> Row | None:
    device = link.resolve()
    bound = _driver(device)
    is_vf = (device / "physfn").is_symlink()
    has_migration = (device / "migration").is_dir()
    if not (is_vf or has_migration or (bound and _is_vfio(bound))):
        return None
    name = _pci_name(device.name)
    provider = name
    if is_vf:
        provider = _pci_name((device / "physfn").resolve().name)
    exposed = _exposed(device)
    if bound is not None and _is_vfio(bound):
        driver: str | None = bound
    else:
        driver = _wanted_driver(root, device)
    if driver and _folded(driver) == "vfio_pci":
        way = Device("pci", "none", None, (), exposed, Answer.NO)
    elif has_migration:
        way = _declared(device, "pci", exposed)
        if driver and _folded(driver) in _UNTRACKED and not way.silent:
            way = Device("pci", "none", None, (), exposed, Answer.NO)
    elif is_vf and driver and _folded(driver) == "mlx5_vfio_pci":
        way = _mlx5((device / "physfn").resolve(), exposed)
    else:
        way = Device("pci", "none", None, (), exposed, Answer.UNKNOWN)
    return Row(name, "vf" if is_vf else "pci", provider, (way,))


def _mlx5(pf: pathlib.Path, exposed: dict[str, str]) -> Device:
    """Firmware and PSID equal, on the same kind of card."""
    homes = _links(pf / "infiniband")
    home = homes[0] if homes else pf / "infiniband/none"
    values = {
        "fw": _text(home / "fw_ver"),
        "psid": _text(home / "board_id"),
        "pf": _text(pf / "device"),
    }
    state = {name: value for name, value in values.items() if value}
    if len(state) < 3:
        return Device("pci", "mlx5", None, (), exposed, Answer.UNKNOWN)
    return Device("pci", "mlx5", state, (_literal(state),), exposed)


def _literal(state: dict[str, str]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in state.items()}


def _inferred(sysfs: pathlib.Path, kind: pathlib.Path) -> Device:
    """What a driver that declares nothing shows of a type must be equal.

    i915 never migrates, unless another mdev of the same parent declares.
    """
    module = kind.name.split("-")[0]
    parent = kind.parent.parent
    if module == "i915":
        other = any((one / "migration").is_dir() for one in parent.iterdir())
        return Device("mdev", module, None,
                      silent=Answer.UNKNOWN if other else Answer.NO)
    state = {
        "type": kind.name,
        "device_api": _text(kind / "device_api") or "",
        "driver": _text(sysfs / "module" / module / "version") or "",
    }
    if module == "nvidia":
        state["type"] = _text(kind / "name") or ""
        for name in ("device", "subsystem_vendor", "subsystem_device"):
            state[name] = _text(parent / name) or ""
    state = {name: value for name, value in state.items() if value}
    known = module in ("nvidia", "mtty")
    if "device_api" not in state or known and "driver" not in state:
        return Device("mdev", "mdev", None, silent=Answer.UNKNOWN)
    return Device("mdev", module if known else "mdev", state,
                  (_literal(state),))


def _mdev(sysfs: pathlib.Path, device: pathlib.Path) -> Device:
    if (device / "migration").is_dir():
        return _declared(device, "mdev", {})
    return _inferred(sysfs, (device / "mdev_type").resolve())


def _type_ways(sysfs: pathlib.Path, parent: pathlib.Path,
               kind: pathlib.Path) -> tuple[Device, ...]:
    """What an mdev of this type may turn out to be.

    Each existing one, if one of them declares anything; else any new one.
    """
    found: list[Device] = []
    for link in _links(sysfs / "bus/mdev/devices"):
        device = link.resolve()
        if device.parent == parent and (
                device / "mdev_type").resolve() == kind:
            way = _mdev(sysfs, device)
            if way not in found:
                found.append(way)
    if any(way.rule == "declared" for way in found):
        return tuple(found)
    return (_inferred(sysfs, kind),)
