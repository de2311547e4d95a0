# SPDX-License-Identifier: Apache-2.0
"""A second opinion: the same questions answered without the package.

The oracle reads host trees with nothing but ``os`` and ``pathlib``, tries
every assignment of every variable, and knows only the stated rules.  It is
slow and plain on purpose, and it imports nothing from nova_vfio_compat (a
test asserts it): where the two disagree, one of them is wrong.

- ``rules``: may a destination load what a source writes?
- ``texts``: attributes and templates as the proposals write them;
- ``host``: what is in a tree;
- ``fleet``: which hosts may be chosen.
"""
