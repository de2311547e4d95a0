# SPDX-License-Identifier: Apache-2.0
"""The mutants fit the package as it is; running them is another command."""

from __future__ import annotations

from oslotest import base

from tests.mutants import catalogue
from tests.mutants import run


class MutantsTestCase(base.BaseTestCase):
    def test_texts_are_found(self) -> None:
        """Each mutant's text is in its file exactly once."""
        wrong = {mutant.name: run.find(mutant)
                 for mutant in catalogue.MUTANTS}
        self.assertEqual(
            {}, {name: what for name, what in wrong.items() if what})

    def test_required_mutants(self) -> None:
        """Those that the project promises are among them."""
        names = [mutant.name for mutant in catalogue.MUTANTS]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(
            {"direction", "minor-turned", "first-alternative", "unmentioned",
             "any-pairing", "stale-dictionary"}, set(names))
