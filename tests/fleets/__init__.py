# SPDX-License-Identifier: Apache-2.0
"""Random hosts: everything follows from one ``random.Random``.

The values are few, so that two random devices often nearly fit: a fleet in
which nothing fits tests nothing.
"""
