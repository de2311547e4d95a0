# SPDX-License-Identifier: Apache-2.0
"""The parts of tools/kernel-lab: real kernels that give their verdict."""
