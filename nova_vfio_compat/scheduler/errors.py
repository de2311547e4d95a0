# SPDX-License-Identifier: Apache-2.0

"""What can go wrong while deciding; none of it leaves the filter."""

from __future__ import annotations

from nova_vfio_compat.compat import codes


class CannotDecide(Exception):
    """Nothing can be said about any host.

    :ivar code: why, as published in verdicts
    :ivar detail: the same for the log
    """

    def __init__(self, code: codes.Code, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail


class UnknownTrait(Exception):
    """Placement does not know a trait that was asked for.

    Its name was deleted after it had been listed, so what is remembered of
    names must be read again.
    """
