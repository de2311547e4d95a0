# SPDX-License-Identifier: Apache-2.0

"""The language of compatibility: classes, templates, verdicts.

Pure values and functions: nothing here knows of hosts, Placement or Nova,
and nothing here does I/O.
"""

from nova_vfio_compat.compat.acceptance import judge
from nova_vfio_compat.compat.codes import Code
from nova_vfio_compat.compat.codes import Evidence
from nova_vfio_compat.compat.codes import Outcome
from nova_vfio_compat.compat.device_class import DeviceClass
from nova_vfio_compat.compat.errors import ParseError
from nova_vfio_compat.compat.verdict import Mismatch
from nova_vfio_compat.compat.verdict import Verdict

__all__ = [
    "Code",
    "DeviceClass",
    "Evidence",
    "Mismatch",
    "Outcome",
    "ParseError",
    "Verdict",
    "judge",
]
