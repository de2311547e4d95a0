# SPDX-License-Identifier: Apache-2.0
"""What stops the laboratory."""

from __future__ import annotations


class CannotRun(Exception):
    """The machine lacks something; the text says what, and what to do."""


class LabError(Exception):
    """A boot, a build or a download went wrong; the text says where."""
