# SPDX-License-Identifier: Apache-2.0

"""The flavor extra spec of the filter, for Nova's API to validate.

Found by nova-api in the entry point group ``nova.api.extra_spec_validators``
(nova/api/validation/extra_specs/validators.py).
"""

from __future__ import annotations

from nova.api.validation.extra_specs import base

from nova_vfio_compat.scheduler import policy


def register() -> list[base.ExtraSpecValidator]:
    """Return what Nova's API has to know of our extra specs."""
    return [
        base.ExtraSpecValidator(
            name=policy.EXTRA_SPEC,
            description=(
                "How live migrations of the instance are decided on by "
                "VfioCompatFilter: ``enforce`` leaves out hosts whose "
                "devices cannot take the instance's device state, ``audit`` "
                "only logs them, ``off`` does not look. The default is "
                "``[vfio_compat] mode``."
            ),
            value={
                "type": str,
                "description": "one of the modes",
                "enum": list(policy.MODES),
            },
        ),
    ]
