# SPDX-License-Identifier: Apache-2.0

"""Stable codes: what scripts may match on; texts may change."""

from __future__ import annotations

import enum
import functools


class Evidence(enum.Enum):
    """What a class rests on, strongest first."""

    #: published by the kernel for this very purpose
    DECLARED = "declared"
    #: the driver's complete rule, from its source or its vendor
    RULE = "rule"
    #: stated by the operator
    OPERATOR = "operator"
    #: a part of what decides; the rest cannot be seen
    INFERRED = "inferred"

    @functools.cached_property
    def strength(self) -> int:
        """Greater is stronger."""
        return -list(Evidence).index(self)


class Outcome(enum.Enum):
    """What a verdict says."""

    COMPATIBLE = "compatible"
    #: only after attributes of the destination device were set
    CONDITIONAL = "conditional"
    INCOMPATIBLE = "incompatible"
    UNKNOWN = "unknown"


class Code(enum.Enum):
    """Why: one code per kind of reason, with its meaning as ``text``."""

    text: str

    def __new__(cls, value: str, text: str) -> Code:
        member = object.__new__(cls)
        member._value_ = value
        member.text = text
        return member

    # The device cannot migrate at all: INCOMPATIBLE.
    PLAIN_VFIO_PCI = (
        "plain_vfio_pci",
        "vfio-pci has no migration support; a variant driver is needed",
    )
    DRIVER_CANNOT_MIGRATE = (
        "driver_cannot_migrate",
        "the driver has no migration support",
    )
    NO_VFIO_DRIVER = (
        "no_vfio_driver",
        "no VFIO driver is bound or would be bound",
    )
    ACCEPTS_NOTHING = (
        "accepts_nothing",
        "the device declares nothing that it accepts",
    )
    NOT_A_VF = ("not_a_vf", "the driver migrates virtual functions only")
    HARDWARE_TOO_OLD = (
        "hardware_too_old",
        "this generation of the device has no migration support",
    )
    FIRMWARE_TOO_OLD = (
        "firmware_too_old",
        "this firmware has no migration support",
    )
    KERNEL_TOO_OLD = (
        "kernel_too_old",
        "the driver of this kernel has no migration support",
    )
    LINK_LAYER_UNSUPPORTED = (
        "link_layer_unsupported",
        "functions with this link layer cannot migrate",
    )
    VGPU_TYPE_UNSET = (
        "vgpu_type_unset",
        "the VF has no vGPU type, so no guest can be started with it",
    )
    IOMMU_DIRTY_TRACKING = (
        "iommu_dirty_tracking",
        "the device's dirty pages can be tracked through iommufd only, "
        "which Nova does not use",
    )
    P2P_MISSING = (
        "p2p_missing",
        "the instance has several VFIO devices, and one without P2P "
        "migrates only alone",
    )

    # It cannot be told from here: UNKNOWN.
    NO_SOURCE = ("no_source", "no source knows this kind of device")
    MALFORMED = ("malformed", "an attribute cannot be understood")
    UNREADABLE = ("unreadable", "an attribute cannot be read")
    MISSING_ATTRIBUTE = (
        "missing_attribute",
        "a mandatory attribute is missing",
    )
    FIRMWARE_UNREADABLE = (
        "firmware_unreadable",
        "the firmware version cannot be read; load the RDMA driver",
    )
    NO_PF = ("no_pf", "the VF's physical function cannot be seen")
    PF_DRIVER_MISSING = (
        "pf_driver_missing",
        "the physical function's driver is not bound, so what it knows "
        "cannot be read",
    )
    CONFIGURATION_UNREADABLE = (
        "configuration_unreadable",
        "a setting of the physical function that decides cannot be read",
    )
    SYSTEM_UNKNOWN = (
        "system_unknown",
        "the kernel's release cannot be told, and it decides",
    )
    VGPU_TYPE_UNKNOWN = (
        "vgpu_type_unknown",
        "the name of the vGPU type cannot be told",
    )
    DRIVER_UNKNOWN = (
        "driver_unknown",
        "modules.alias is missing: the VFIO driver that would be bound "
        "is not known",
    )
    NO_STATE = ("no_state", "the device does not say what it writes")
    FAMILIES_DIFFER = (
        "families_differ",
        "the two hosts describe the device in different ways",
    )
    OPAQUE_DIFFERS = (
        "opaque_differs",
        "only the driver can compare these two values",
    )
    TOO_COMPLEX = (
        "too_complex",
        "matching the pattern takes more work than is allowed",
    )

    # Comparing two devices found a difference: INCOMPATIBLE.
    MISMATCH = ("mismatch", "the destination does not accept this value")
    MAJOR_DIFFERS = ("major_differs", "the major versions differ")
    MINOR_NEWER = (
        "minor_newer",
        "the source's minor version is newer than what is accepted",
    )
    MISSING = ("missing", "the source lacks what the destination needs")
    UNMENTIONED = (
        "unmentioned",
        "the source has an attribute that the destination does not know",
    )
    EXPOSED_DIFFERS = (
        "exposed_differs",
        "the guest would see another device",
    )
    BUS_DIFFERS = ("bus_differs", "a PCI function and an mdev never match")

    # The fleet: UNKNOWN.
    NO_REPORT = ("no_report", "the host has published no report")
    STALE_REPORT = ("stale_report", "the host's report is too old")
    DEVICE_NOT_REPORTED = (
        "device_not_reported",
        "the host's report does not name the device that Nova would use",
    )
    SOURCE_NOT_REPORTED = (
        "source_not_reported",
        "the source host's report does not name the instance's device",
    )
    PLACEMENT_FAILED = ("placement_failed", "Placement did not answer")
    DATABASE_FAILED = ("database_failed", "the cell database did not answer")
    INTERNAL_ERROR = ("internal_error", "an error inside the filter")

    # Not a verdict: marks in lists.
    NOT_OFFERED = (
        "not_offered",
        "nova.conf does not offer this device for live migration",
    )
    PENDING_FIRMWARE = (
        "pending_firmware",
        "other firmware than now runs after the next reset",
    )

    @classmethod
    def of(cls, value: str) -> Code:
        """The code with this value.

        :raises KeyError: there is none
        """
        return _BY_VALUE[value]

    @functools.cached_property
    def is_unknown(self) -> bool:
        """Whether a verdict with this code is neither yes nor no."""
        return self in _UNKNOWN


_BY_VALUE = {member.value: member for member in Code}
_UNKNOWN = frozenset({
    Code.NO_SOURCE,
    Code.MALFORMED,
    Code.UNREADABLE,
    Code.MISSING_ATTRIBUTE,
    Code.FIRMWARE_UNREADABLE,
    Code.NO_PF,
    Code.PF_DRIVER_MISSING,
    Code.CONFIGURATION_UNREADABLE,
    Code.SYSTEM_UNKNOWN,
    Code.VGPU_TYPE_UNKNOWN,
    Code.DRIVER_UNKNOWN,
    Code.NO_STATE,
    Code.FAMILIES_DIFFER,
    Code.OPAQUE_DIFFERS,
    Code.TOO_COMPLEX,
    Code.NO_REPORT,
    Code.STALE_REPORT,
    Code.DEVICE_NOT_REPORTED,
    Code.SOURCE_NOT_REPORTED,
    Code.PLACEMENT_FAILED,
    Code.DATABASE_FAILED,
    Code.INTERNAL_ERROR,
})
