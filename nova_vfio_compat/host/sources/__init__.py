# SPDX-License-Identifier: Apache-2.0

"""Families of devices, one module each; see :mod:`base` to add one."""
