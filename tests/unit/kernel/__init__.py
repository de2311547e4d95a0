# SPDX-License-Identifier: Apache-2.0
"""Against what real kernels showed and decided, in recordings."""
