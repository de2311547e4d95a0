# SPDX-License-Identifier: Apache-2.0

"""For the tests of sources, here and in packages of vendors.

:mod:`source_contract` has the tests that every source must pass,
:mod:`host_files` writes hosts for them. Nothing but the standard library
and this package is needed.
"""
