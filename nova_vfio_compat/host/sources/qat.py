# SPDX-License-Identifier: Apache-2.0

"""Intel QuickAssist VFs under ``qat_vfio_pci``."""

from __future__ import annotations

from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.host import context
from nova_vfio_compat.host import errors
from nova_vfio_compat.host import pci
from nova_vfio_compat.host.sources import base
from nova_vfio_compat.host.sources import vf

_VENDOR = "8086"
# drivers/vfio/pci/qat/main.c: 4xxx, 401xx, 402xx, 420xx, 6xxx
_DEVICES = frozenset({"4941", "4943", "4945", "4947", "4949"})
_DRIVER = "qat_vfio_pci"
_PF_DRIVERS = ("4xxx", "420xx", "6xxx")

# drivers/crypto/intel/qat/qat_common/adf_cfg_services.c
_SERVICES = frozenset({"sym", "asym", "dc", "dcc", "decomp"})

_DC = frozenset({
    "cnv_integrity64", "compression", "lz4_compression", "lz4s_compression",
})
_SYM_4XXX = frozenset({
    "aes_v2", "aesgcm_spc", "authentication", "chacha_poly", "cipher",
    "crypto_symmetric", "hkdf", "sha3", "sha3_ext", "sm3", "sm4",
})
_SYM_6XXX = _SYM_4XXX - {"hkdf", "sm3", "sm4"}
_ASYM = frozenset({"crypto_asymmetric", "ecedmont", "sm2"})
#: What the PF's driver says it can do for a service, less what is fused
#: off: get_accel_cap in qat_{4xxx,420xx,6xxx}/adf_*_hw_data.c. The names
#: are those of ICP_ACCEL_CAPABILITIES_*.
_CAPABILITIES = {
    "4xxx": {"sym": _SYM_4XXX, "asym": _ASYM | {"cipher"}, "dc": _DC},
    "420xx": {
        "sym": _SYM_4XXX | {
            "ext_algchain", "wireless_crypto_ext", "zuc",
        },
        "asym": _ASYM,
        "dc": _DC,
    },
    "6xxx": {
        "sym": _SYM_6XXX, "asym": _ASYM | {"kpt"}, "dc": _DC, "decomp": _DC,
    },
}

#: Driver and its only service, where the tables do not tell: the wireless
#: variant of 6xxx has another one (get_accel_cap_wcy), and get_accel_cap of
#: 420xx took asymmetric crypto alone for that with compression once (it
#: does in Linux 6.12, and no more in 7.2).
_OPEN = frozenset({("6xxx", "sym"), ("420xx", "asym")})


class QatSource(base.Source):
    """VFs of Intel QuickAssist devices: 4xxx, 401xx, 402xx, 420xx, 6xxx.

    Before any state is loaded the destination's driver compares three
    properties of the PF: its map of ring pairs to services must be equal,
    its capabilities and its extended capabilities for compression must
    have all that the source's have. So a guest can move to a device that
    can do more, and not back. The map follows from the configured services,
    whose order has no meaning; the capabilities follow from the services
    and the kind of device, less what fuses turn off. In the end the rate
    limits of the source's VF must be within those of the destination's.

    The capabilities stay open for a 6xxx with the symmetric service alone,
    which is all that its wireless variant has, and for a 420xx with the
    asymmetric one alone, of which kernels say different things.

    Reference: drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c,
    adf_gen4_vfmig_load_config, adf_mstate_capmask_compare,
    adf_mstate_sla_check; adf_mstate_mgr.c,
    adf_mstate_preamble_def_checker; get_accel_cap of each device.
    """

    family = "qat"
    evidence = codes.Evidence.RULE
    mandatory = {
        "device_api": "vfio-pci, as of every PCI function",
        "exposed:device": "device of the VF",
        "services": "qat/cfg_services of the PF, sorted",
    }
    optional = {
        "capabilities": "from the PF's driver and the services",
    }
    dirty_tracking = base.DirtyTracking.IOMMU
    p2p = True

    def claims(self, device: base.Candidate, ctx: context.Context) -> bool:
        """Whether the device is a VF that the driver is for."""
        return vf.claims(device, ctx, _VENDOR, _DEVICES, _DRIVER)

    def describe(
        self, device: base.Candidate, ctx: context.Context
    ) -> device_class.DeviceClass:
        """Return the class of a VF."""
        _, pf = vf.require(device, ctx, _DRIVER, *_PF_DRIVERS)
        services = _services(pf, ctx)
        state = {
            "device_api": "vfio-pci",
            "services": attributes.joined_set(services),
        }
        wanted = dict(state)
        unverified = ["extended_dc_capabilities", "fuses", "rate_limits"]
        found = _capabilities(pf.bound or "", services)
        if found is None:
            unverified.append("capabilities")
            wanted["capabilities"] = vf.anything("c")
        else:
            state["capabilities"] = attributes.joined_set(found)
            wanted["capabilities"] = attributes.set_template(found, "c")
        return self.classify(
            device, state, accepts=(wanted,), unverified=unverified
        )


def _services(pf: pci.PciFunction, ctx: context.Context) -> frozenset[str]:
    """The services that a PF is configured for."""
    path = f"{pf.path}/qat/cfg_services"
    try:
        text = ctx.tree.read(path)
    except errors.Missing as error:
        raise vf.setting(path, error) from None
    name = f"(?:{'|'.join(sorted(_SERVICES))})"
    base.shaped(path, text, f"{name}(?:;{name}){{0,4}}", "services")
    return frozenset(text.split(";"))


def _capabilities(
    driver: str, services: frozenset[str]
) -> frozenset[str] | None:
    """What a PF can do if nothing is fused off; None if that is open."""
    if (driver, *services) in _OPEN:
        return None
    of = _CAPABILITIES[driver]
    if "dcc" in services:
        # Symmetric crypto is there for chains with compression only.
        return (of["dc"] | of["sym"]) - {"crypto_symmetric"}
    if not services <= of.keys():
        return None
    return frozenset().union(*(of[name] for name in services))
