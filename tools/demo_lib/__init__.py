# SPDX-License-Identifier: Apache-2.0
"""The parts of tools/demo: a small cloud in a temporary folder."""
