# SPDX-License-Identifier: Apache-2.0

"""Sources each of which breaks the contract in one way."""

from __future__ import annotations

import itertools
import os
import pathlib
import subprocess

from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from tests.unit import good_source

Context = good_source.Context
Function = good_source.Function
State = good_source.State
BAD = good_source.BAD


@good_source.breaks("claims_its_own")
class ClaimsTooMuch(good_source.Good):
    """Takes every VF."""

    def claims(self, device: base.Candidate, ctx: Context) -> bool:
        return isinstance(device, pci.PciFunction) and device.is_vf


@good_source.breaks("driver_cycle")
class ClaimsNothing(good_source.Good):
    """Takes no VF that is bound to a VFIO driver."""

    def claims(self, device: base.Candidate, ctx: Context) -> bool:
        assert isinstance(device, pci.PciFunction)
        return super().claims(device, ctx) and device.bound == "fiction"


@good_source.spoils("reads_only_what_it_may")
def reads_config(device: Function, ctx: Context, state: State) -> None:
    """Touches the device."""
    ctx.tree.read_optional(f"{device.path}/config")


@good_source.spoils("reads_only_what_it_may")
def opens_past_tree(device: Function, ctx: Context, state: State) -> None:
    """Reads another host than the one that it was given."""
    pathlib.Path("/proc/version").read_text()


@good_source.spoils("reads_only_what_it_may")
def opens_beside_tree(device: Function, ctx: Context, state: State) -> None:
    """Reads the right host, and a snapshot does not notice."""
    pathlib.Path(ctx.tree.root, device.path, "class").read_text()


@good_source.spoils("reads_only_what_it_may")
def starts(device: Function, ctx: Context, state: State) -> None:
    """Asks a program."""
    subprocess.run(["true"], check=True)


@good_source.spoils("reads_only_what_it_may")
def writes(device: Function, ctx: Context, state: State) -> None:
    """Changes the host."""
    os.utime(pathlib.Path(ctx.tree.root, device.path, "class"), (0, 0))


@good_source.spoils("nothing_of_one_device")
def has_address(device: Function, ctx: Context, state: State) -> None:
    """Tells one device from another by its place."""
    state["level"] = device.address


@good_source.spoils("place")
def has_bus(device: Function, ctx: Context, state: State) -> None:
    """Tells hosts apart by where their devices are."""
    state["level"] = device.address.partition(":")[0]


@good_source.spoils("nothing_of_one_device")
def has_serial(device: Function, ctx: Context, state: State) -> None:
    """Tells one device from another by its number."""
    state["level"] = ctx.tree.read_optional(
        f"{device.path}/board_serial"
    ) or ""


@good_source.spoils("driver_cycle")
def has_binding(device: Function, ctx: Context, state: State) -> None:
    """Takes a used device for another one."""
    state["level"] = device.bound or ""


@good_source.spoils("use")
def has_use(device: Function, ctx: Context, state: State) -> None:
    """Takes a used device for another one, by what its driver shows."""
    state["level"] = ctx.tree.read_optional(
        f"{device.path}/guests"
    ) or ""


@good_source.spoils("use")
def has_node(device: Function, ctx: Context, state: State) -> None:
    """Tells devices apart by what any host may change."""
    state["level"] = ctx.tree.read_optional(
        f"{device.path}/numa_node"
    ) or ""


@good_source.spoils("attributes")
def says_nothing(device: Function, ctx: Context, state: State) -> None:
    """Has an attribute of which nobody is told."""
    state["secret"] = "1"


@good_source.spoils("attributes")
def lacks_mandatory(device: Function, ctx: Context, state: State) -> None:
    """Has no value for what it promises."""
    del state["firmware"]


@good_source.spoils("lost_files")
def guesses(device: Function, ctx: Context, state: State) -> None:
    """Takes what it cannot read for a value."""
    state["level"] = state["level"] or "0"


@good_source.breaks("lost_files")
class Forgets(good_source.Good):
    """Has a class without what is mandatory, where that is not there."""

    def describe(
        self, device: base.Candidate, ctx: Context
    ) -> device_class.DeviceClass:
        assert isinstance(device, pci.PciFunction)
        pf = base.require_pf(device, ctx)
        return self.classify(device, {
            "device_api": "vfio-pci",
            "firmware": ctx.tree.read_optional(f"{pf.path}/fw") or "",
        })


@good_source.breaks("lost_files")
class Hides(good_source.Good):
    """Does not say which ids have not been compared."""

    def made(
        self, device: Function, ctx: Context, state: State
    ) -> device_class.DeviceClass:
        return self.classify(device, state, exposed=device.exposed()[0])


@good_source.breaks("says_what_it_is")
class HasNoRule(good_source.Good):
    # For want of a docstring operators are told no rule.
    pass


@good_source.breaks("says_what_it_is")
class HasNoOrigin(good_source.Good):
    """Has an attribute of a later version that it does not list."""

    vocabulary = 2
    since = {"speed": 2}


@good_source.spoils("lost_files")
def says_no(device: Function, ctx: Context, state: State) -> None:
    """Takes what it cannot read for a device that cannot migrate."""
    if not state["level"]:
        raise errors.DescribeError(
            device.path, codes.Code.FIRMWARE_TOO_OLD, "none"
        )


@good_source.spoils("wrong_files")
def raises(device: Function, ctx: Context, state: State) -> None:
    """Does not look before it takes a text for a number."""
    state["level"] = str(int(state["level"] or 0) or "")


@good_source.breaks("accepts_itself")
class RefusesItself(good_source.Good):
    """Cannot load what it writes."""

    def made(
        self, device: Function, ctx: Context, state: State
    ) -> device_class.DeviceClass:
        return self.classify(
            device, state, accepts=({**state, "firmware": "0"},)
        )


_count = itertools.count(1)


@good_source.spoils("same_answer")
def changes(device: Function, ctx: Context, state: State) -> None:
    """Never says the same."""
    state["level"] = str(next(_count))
