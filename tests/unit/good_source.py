# SPDX-License-Identifier: Apache-2.0

"""A source of a family that does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base

Function = pci.PciFunction
Context = context.Context
State = dict[str, str]
Kind = TypeVar("Kind", bound=type[base.Source])
Spoil = Callable[[Function, Context, State], None]

#: which test of the contract notices each that is bad
BAD: dict[type[base.Source], str] = {}


class Good(base.Source):
    """Keeps the contract; the others differ in one thing."""

    family = "fiction"
    evidence = codes.Evidence.RULE
    mandatory = {"firmware": "fw of the PF"}
    optional = {"level": "level of the VF"}

    def claims(self, device: base.Candidate, ctx: Context) -> bool:
        return (
            isinstance(device, pci.PciFunction)
            and device.is_vf
            and device.identity("vendor") == "1abc"
        )

    def describe(
        self, device: base.Candidate, ctx: Context
    ) -> device_class.DeviceClass:
        assert isinstance(device, pci.PciFunction)
        base.require_driver(device, ctx, "fiction_vfio_pci")
        pf = base.require_pf(device, ctx)
        state = {
            "device_api": "vfio-pci",
            "firmware": ctx.tree.read(f"{pf.path}/fw"),
            "level": ctx.tree.read_optional(f"{device.path}/level") or "",
        }
        return self.made(device, ctx, state)

    def made(
        self, device: Function, ctx: Context, state: State
    ) -> device_class.DeviceClass:
        self.spoil(device, ctx, state)
        return self.classify(device, state)

    def spoil(self, device: Function, ctx: Context, state: State) -> None:
        """Do what is wrong."""


def breaks(test: str) -> Callable[[Kind], Kind]:
    """Note which test notices a source."""
    def note(kind: Kind) -> Kind:
        BAD[kind] = test
        return kind
    return note


def spoils(test: str) -> Callable[[Spoil], Spoil]:
    """Make a source that does something wrong besides, and note it."""
    def note(spoil: Spoil) -> Spoil:
        kind = type(spoil.__name__, (Good,), {
            "__doc__": spoil.__doc__, "spoil": staticmethod(spoil)
        })
        BAD[kind] = test
        return spoil
    return note
