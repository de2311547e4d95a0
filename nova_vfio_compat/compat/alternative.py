# SPDX-License-Identifier: Apache-2.0

"""One alternative of what a device accepts: a template per attribute.

The variables of one alternative are bound across all its attributes.
Matching binds variables while it reads the source's values, so the work
follows the source's text and not the product of the value lists; a stated
bound stops hostile patterns.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import functools

from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import template

#: how many texts may be tried to match one alternative
MAX_STEPS = 20_000

Bindings = tuple[tuple[str, str], ...]


class TooComplex(Exception):
    """Matching took more than MAX_STEPS."""


class Alternative:
    """A parsed alternative.

    :ivar templates: attribute to template, those with the declarations of
        variables first
    """

    __slots__ = ("_variables", "templates")

    def __init__(self, raw: Mapping[str, str]) -> None:
        """Parse ``raw``, attribute to text.

        :raises ParseError: a text is no template, or a variable is used
            without a declaration or declared twice and differently.
        """
        parsed = {name: template.parse(raw[name]) for name in sorted(raw)}
        self._variables: dict[str, template.Variable] = {}
        for value in parsed.values():
            for part in value.parts:
                if isinstance(part, template.Variable):
                    known = self._variables.setdefault(part.name, part)
                    if known != part:
                        raise errors.ParseError(
                            f"variable {part.name!r} is declared twice, "
                            "with different values",
                            value.text,
                        )
        for value in parsed.values():
            for part in value.parts:
                if isinstance(part, template.Reference):
                    self._check(part, value.text)
        # A literal settles at once; a declaration before its use keeps
        # the number of possible bindings small.
        self.templates = dict(
            sorted(parsed.items(), key=lambda item: _rank(item[1]))
        )

    def _check(self, part: template.Reference, text: str) -> None:
        variable = self._variables.get(part.name)
        if variable is None:
            raise errors.ParseError(
                f"variable {part.name!r} is not declared in this alternative",
                text,
                part.position,
            )
        if part.divisor is not None and variable.kind != "int":
            raise errors.ParseError(
                f"variable {part.name!r} is no integer: cannot divide it",
                text,
                part.position,
            )

    def mismatches(
        self,
        values: Mapping[str, str],
        skip: Collection[str] = (),
    ) -> list[str]:
        """The attributes whose value in ``values`` does not match.

        An absent attribute counts as the empty text. Those in ``skip`` are
        not looked at; variables that they declare may have any of their
        values. As many attributes as
        possible are matched in order, so the empty list means that one
        binding of the variables matches them all.

        :raises TooComplex: it would take too much work
        """
        bad = []
        budget = [MAX_STEPS]
        environments: set[Bindings] = {()}
        for name, value in self.templates.items():
            if name in skip:
                continue
            found = {
                binding
                for environment in environments
                for binding in self._match(
                    value.parts, values.get(name, ""), environment, budget
                )
            }
            if found:
                environments = found
            else:
                bad.append(name)
        return bad

    def _match(
        self,
        parts: tuple[template.Part, ...],
        text: str,
        bindings: Bindings,
        budget: list[int],
    ) -> Iterator[Bindings]:
        """Yield each extension of ``bindings`` under which parts = text."""
        pending = [(0, 0, bindings)]
        seen = set()
        while pending:
            state = pending.pop()
            if state in seen:
                continue
            seen.add(state)
            index, position, bound = state
            if index == len(parts):
                if position == len(text):
                    yield bound
                continue
            for expected, binding in self._options(parts[index], bound):
                budget[0] -= 1
                if budget[0] < 0:
                    raise TooComplex
                if text.startswith(expected, position):
                    pending.append(
                        (index + 1, position + len(expected), binding)
                    )

    def _options(
        self, part: template.Part, bound: Bindings
    ) -> Iterator[tuple[str, Bindings]]:
        """Yield each text that the part may stand for, and its binding."""
        if isinstance(part, template.Literal):
            yield part.text, bound
            return
        known = dict(bound)
        divisor = (
            part.divisor if isinstance(part, template.Reference) else None
        )
        if part.name in known:
            values: tuple[str, ...] = (known[part.name],)
        else:
            values = self._variables[part.name].values
        for value in values:
            text = value if divisor is None else _divide(value, divisor)
            if text is not None:
                binding = {**known, part.name: value}
                yield text, tuple(sorted(binding.items()))


def _rank(value: template.Template) -> int:
    if value.is_literal:
        return 0
    if any(isinstance(part, template.Variable) for part in value.parts):
        return 1
    return 2


def _divide(value: str, divisor: int) -> str | None:
    quotient, remainder = divmod(int(value), divisor)
    return None if remainder else str(quotient)


@functools.lru_cache(maxsize=4096)
def parse(items: tuple[tuple[str, str], ...]) -> Alternative:
    """The alternative of these attributes and texts, parsed once.

    :raises ParseError: see Alternative
    """
    return Alternative(dict(items))
