# SPDX-License-Identifier: Apache-2.0
"""HiSilicon accelerators as drivers/crypto/hisilicon shows them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.trees import builder
from tests.trees import files
from tests.trees import functions

_VENDOR = 0x19e5
_VF_BAR = functions.Bar(0x10000)
#: PF id, VF id, class code and usual pf_q_num of each module
_KINDS = {
    "hisi_sec2": (0xa255, 0xa256, 0x100000, 256),
    "hisi_hpre": (0xa258, 0xa259, 0x100000, 64),
    "hisi_zip": (0xa250, 0xa251, 0x120000, 64),
}


def add_pf(host: builder.HostBuilder, address: str, *,
           kind: str = "hisi_sec2", revision: int = 0x30,
           queues: int | str | None = None,
           drivers: Sequence[str | None] = ("hisi_sec2",),
           bound: str | None = "",
           vf_bar: functions.Bar = _VF_BAR) -> None:
    """Add an accelerator and its VFs.

    :param kind: the PF's module, ``hisi_sec2``, ``hisi_hpre``, ``hisi_zip``
    :param queues: pf_q_num of the module; -1: it has no such file
    :param drivers: one for each VF
    :param bound: the PF's driver, if it is not its own
    """
    pf_id, vf_id, code, usual = _KINDS[kind]
    pf = functions.Function(
        _VENDOR, pf_id, revision, code, subsystem_vendor=0x19e5,
        bars={2: functions.Bar(0x400000), 4: functions.Bar(0x100000)})
    vf = functions.Function(
        _VENDOR, vf_id, revision, code, subsystem_vendor=0x19e5,
        bars={2: vf_bar})
    host.sriov(
        address, pf, vf, drivers, kind if bound == "" else bound, offset=1)
    parameters = host.sys / "module" / kind / "parameters"
    if queues != -1:
        value = usual if queues is None else queues
        files.write(parameters / "pf_q_num", str(value))
    files.write(parameters / "vfs_num", "0")
    files.write(parameters / "uacce_mode", "0")
