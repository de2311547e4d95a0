# SPDX-License-Identifier: Apache-2.0

"""Reading a host: from files below a root to devices with their classes.

:mod:`tree` is the only code that opens files; :mod:`scan` is the way in.
"""
