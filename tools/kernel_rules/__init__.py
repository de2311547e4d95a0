# SPDX-License-Identifier: Apache-2.0
"""Watches the parts of the kernel that the rules of the sources cite."""
