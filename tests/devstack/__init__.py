# SPDX-License-Identifier: Apache-2.0
"""The DevStack plugin on DevStack's own functions; run by tox -e devstack."""
