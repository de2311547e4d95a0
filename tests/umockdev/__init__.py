# SPDX-License-Identifier: Apache-2.0

"""Events through the real libudev, of devices that umockdev makes up.

To be run with umockdev's library loaded first, which ``umockdev-wrapper``
does; without it they fail.
"""
