# SPDX-License-Identifier: Apache-2.0

"""Matching a template against a text, with variables bound elsewhere.

The work follows the text and not the product of the value lists, and it is
counted: a pattern that would take more than its share is given up.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping

from nova_vfio_compat.compat import domains
from nova_vfio_compat.compat import template

#: characters, or four variables, that may be looked at for one step
_STEP = 16

Bindings = tuple[tuple[str, str], ...]


class TooComplex(Exception):
    """Matching takes more steps than it may."""


class Budget:
    """Counts the texts that are tried; long ones count more."""

    __slots__ = ("_left",)

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, characters: int = 0) -> None:
        """Take a step.

        :raises TooComplex: that is one too many
        """
        self._left -= 1 + characters // _STEP
        if self._left < 0:
            raise TooComplex


class Matcher:
    """Matches the templates of one alternative within one budget.

    :param variables: what each may stand for
    :param shared: those whose value matters elsewhere; the others are not
        remembered, so that they do not multiply
    """

    __slots__ = ("_budget", "_domains", "_shared")

    def __init__(
        self,
        variables: Mapping[str, template.Variable],
        shared: Collection[str],
        steps: int,
    ) -> None:
        self._domains = {
            name: variable.domain for name, variable in variables.items()
        }
        self._shared = shared
        self._budget = Budget(steps)

    def match(
        self,
        parts: tuple[template.Part, ...],
        source: str,
        bindings: Bindings,
    ) -> Iterator[Bindings]:
        """Yield each extension of ``bindings`` under which parts = source.

        :raises TooComplex: the budget is spent
        """
        pending = [(0, 0, bindings)]
        seen = set()
        while pending:
            state = pending.pop()
            if state in seen:
                continue
            seen.add(state)
            index, position, bound = state
            if index < len(parts):
                pending += [
                    (index + 1, end, binding)
                    for end, binding in self._options(
                        parts, index, source, position, bound
                    )
                ]
            elif position == len(source):
                yield bound

    def _options(
        self,
        parts: tuple[template.Part, ...],
        index: int,
        source: str,
        position: int,
        bound: Bindings,
    ) -> Iterator[tuple[int, Bindings]]:
        """Yield each place where a part may end, and its binding."""
        part = parts[index]
        if isinstance(part, template.Literal):
            self._budget.spend()
            if source.startswith(part.text, position):
                yield position + len(part.text), bound
            return
        domain = self._domains[part.name]
        known = dict(bound).get(part.name)
        if known is not None:
            values: tuple[str, ...] = (known,)
        elif isinstance(domain, domains.Listed):
            values = domain.values
        else:
            for end in _ends(parts, index, source, position):
                self._budget.spend(end - position)
                value = source[position:end]
                if domain.admits(value):
                    yield end, self._bind(bound, part.name, value)
            return
        for value in values:
            self._budget.spend(4 * len(bound))
            text = standing_for(part, value)
            if text is not None and source.startswith(text, position):
                yield (
                    position + len(text), self._bind(bound, part.name, value)
                )

    def _bind(self, bound: Bindings, name: str, value: str) -> Bindings:
        if name not in self._shared or (name, value) in bound:
            return bound
        return tuple(sorted((*bound, (name, value))))


def _ends(
    parts: tuple[template.Part, ...], index: int, source: str, position: int
) -> Iterator[int]:
    """Yield where a part of any text may end, given what follows it."""
    if index + 1 == len(parts):
        yield len(source)
        return
    following = parts[index + 1]
    text = following.text if isinstance(following, template.Literal) else ""
    end = source.find(text, position)
    while end >= 0:
        yield end
        end = source.find(text, end + 1)


def standing_for(
    part: template.Variable | template.Reference, value: str
) -> str | None:
    """The text in a part's place; None where a division has a remainder.

    :param value: what its variable is bound to
    """
    divisor = part.divisor if isinstance(part, template.Reference) else None
    if divisor is None:
        return value
    quotient, remainder = divmod(int(value), divisor)
    return None if remainder else str(quotient)
