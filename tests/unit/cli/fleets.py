# SPDX-License-Identifier: Apache-2.0

"""Fleets that have published reports, small and large."""

from __future__ import annotations

import dataclasses

from nova_vfio_compat.cli import published
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.placement import provider
from tests.unit.placement import samples

#: a host and a value that would do harm in a page that believed them
EVIL_HOST = "<img src=x onerror=document.title='owned'>&\"'"
EVIL_VALUE = "</script><script>document.title='owned'</script>&amp;"


def fleet(
    *hosts: tuple[str, tuple[device_class.DeviceClass, ...]],
    stale: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
) -> published.Fleet:
    """A fleet of hosts with these classes.

    :param stale: names of those whose report is too old
    """
    return published.Fleet(
        tuple(
            published.Host(
                name,
                provider.report_provider_uuid(
                    f"00000000-0000-4000-8000-{number:012d}"
                ),
                "20261101" if name in stale else "20261122",
                name not in stale,
                frozenset(one.id for one in classes),
            )
            for number, (name, classes) in enumerate(hosts)
        ),
        {one.id: one for _, classes in hosts for one in classes},
        missing,
    )


def small() -> published.Fleet:
    """Three hosts with a NIC each; two of them can exchange VMs."""
    nic, other = samples.nic(), samples.nic("28.41.1000")
    return fleet(("alpha", (nic,)), ("beta", (nic,)), ("gamma", (other,)))


def upgrading() -> published.Fleet:
    """A fleet in the middle of an upgrade: everything that can be wrong."""
    old, new = samples.vgpu("2.1.0"), samples.vgpu("2.2.0")
    nic, lonely = samples.nic(), samples.nic("28.41.1000")
    evil = dataclasses.replace(
        nic, state={**(nic.state or {}), "psid": EVIL_VALUE},
        accepts=({**(nic.state or {}), "psid": EVIL_VALUE},),
    )
    return fleet(
        ("alpha", (nic, old)), ("beta", (nic, old)), ("gamma", (lonely, new)),
        ("delta", (samples.plain(), new)), (EVIL_HOST, (evil,)),
        ("epsilon", (nic,)),
        stale=("epsilon",), missing=("zeta",),
    )


def large(hosts: int = 3000) -> published.Fleet:
    """Thousands of hosts of a few dozen classes."""
    nics = [samples.nic(f"28.{minor}.1000") for minor in range(35, 47)]
    gpus = [
        _typed(kind, version)
        for kind in ("nvidia-558", "nvidia-559", "nvidia-563", "nvidia-564")
        for version in ("2.1.0", "2.2.0", "2.3.1", "3.0.0")
    ]
    qats = [_qat(version) for version in range(1, 4)]
    listed = []
    for number in range(hosts):
        name = f"cmp{number:04d}.rack{number // 40:02d}.example.org"
        classes = [nics[(number // 40) % len(nics)]]
        if number % 3 == 0:
            classes += [
                one for one in gpus
                if one.state and one.state["software_version"]
                == ("2.1.0", "2.2.0", "2.3.1", "3.0.0")[(number // 400) % 4]
            ]
        if number % 5 == 0:
            classes.append(qats[(number // 1000) % 3])
        if number % 97 == 0:
            classes.append(samples.plain())
        listed.append((name, tuple(classes)))
    listed.append(("cmp9999.lab.example.org", (samples.nic("28.99.1"),)))
    names = [name for name, _ in listed]
    return fleet(
        *listed, stale=tuple(names[50:3000:211]),
        missing=tuple(f"new{number:02d}.example.org" for number in range(14)),
    )


def _typed(kind: str, version: str) -> device_class.DeviceClass:
    items = {**(samples.vgpu(version).state or {}), "type": kind}
    return dataclasses.replace(
        samples.vgpu(version), state=items, accepts=(items,)
    )


def _qat(version: int) -> device_class.DeviceClass:
    values = ",".join(map(str, range(1, version + 1)))
    return device_class.DeviceClass(
        family="qat",
        bus="pci",
        evidence=codes.Evidence.RULE,
        state={"device": "4941", "state_version": str(version)},
        accepts=(
            {
                "device": "4941",
                "state_version": f"{{state_version:int:{values}}}",
            },
        ),
        exposed={"device": "4941", "vendor": "8086"},
        unverified=("p2p",),
    )
