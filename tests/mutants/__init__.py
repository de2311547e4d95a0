# SPDX-License-Identifier: Apache-2.0
"""Small wrongs that the tests must notice: ``python -m tests.mutants.run``."""
