# SPDX-License-Identifier: Apache-2.0

"""Cryptographic adapters of s390x, which no kernel can migrate."""

from __future__ import annotations

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import mdev as host_mdev
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import mdev
from nova_vfio_compat.host.sources import without_migration

_CARDS = "sys/bus/ap/devices"
# drivers/s390/crypto/vfio_ap_ops.c, vfio_ap_mdev_matrix_show: a queue; or
# an adapter without domains, or a domain without adapters.
_QUEUE = r"[0-9a-f]{2}\.([0-9a-f]{4})?|\.[0-9a-f]{4}"
# Queues are at most 256 adapters by 256 domains; this many lines fit into
# the page that the kernel prints.
_MATRIX = rf"(({_QUEUE})(\n({_QUEUE}))*)?"


class ApSource(base.Source):
    """Cryptographic adapters of s390x under vfio_ap: they cannot migrate.

    The driver has no mig_ops (drivers/s390/crypto/vfio_ap_ops.c), so the
    class accepts nothing. What would have to be equal is the AP
    configuration: adapters of the same types, the same adapter and domain
    numbers in ``matrix``, the same ``control_domains``
    (Documentation/arch/s390/vfio-ap.rst, "Limitations": unplug the device
    before a guest migrates and plug one with an equal configuration after).
    The state has the types of the adapters. It has no numbers: no two mdevs
    of a host can have a queue in common, so each would be a class of its
    own; compare ``matrix`` and ``control_domains`` of the two mdevs.
    """

    family = "ap"
    evidence = codes.Evidence.RULE
    mandatory = {
        "device_api": "device_api of the mdev type",
        "type": "the name of the mdev type's directory",
    }
    optional = {
        "cards": "types of the adapters in the mdev's matrix, from "
        "sys/bus/ap/devices/cardXX/type; absent for the type itself",
    }

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether vfio_ap makes the device."""
        return mdev.maker(device) == "vfio_ap"

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a type, or of an mdev with its adapters."""
        path = device.path if isinstance(device, host_mdev.Mdev) else None
        return without_migration.classify(
            self,
            mdev.type_of(device),
            ctx,
            lambda: {"cards": "" if path is None else _cards(path, ctx)},
            ("control_domains", "matrix"),
        )


def _cards(path: str, ctx: context.Context) -> str:
    """Return the types of an mdev's adapters, each once.

    Of what is assigned, not of what the guest has at this moment
    (``guest_matrix``): an adapter that is configured off for a while is
    still the one that it gets.

    :raises ReadError: an adapter is not there, or a file has another form
    """
    file = f"{path}/matrix"
    text = base.shaped(
        file, ctx.tree.read(file), _MATRIX, "lines of adapter.domain"
    )
    found = set()
    for number in {line.partition(".")[0] for line in text.split("\n")}:
        if number:
            card = f"{_CARDS}/card{number}/type"
            found.add(
                base.shaped(
                    card, ctx.tree.read(card), "[A-Z0-9]{1,16}", "a card type"
                )
            )
    return ",".join(sorted(found))
