# SPDX-License-Identifier: Apache-2.0
"""What the laboratory (tools/kernel-lab) boots, and what it recorded.

``module`` is a kernel module and ``uapi`` a program, both ours; ``guest``
are the scripts of the virtual machine; ``recorded`` holds what real kernels
showed and decided, for tests that boot nothing.
"""
