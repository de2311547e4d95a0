# SPDX-License-Identifier: Apache-2.0

"""One alternative of what a device accepts: a template per attribute.

The variables of one alternative are bound across all its attributes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from collections.abc import Mapping
import functools

from nova_vfio_compat.compat import domains
from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import template
from nova_vfio_compat.compat import unify

#: how many texts may be tried to compare two classes
MAX_STEPS = 20_000


class Alternative:
    """A parsed alternative.

    :ivar templates: attribute to template
    """

    __slots__ = (
        "_literals", "_patterns", "_shared", "_variables", "templates",
    )

    def __init__(
        self, raw: Mapping[str, str], extended: bool = False
    ) -> None:
        """Parse ``raw``, attribute to text.

        :param extended: see template.parse
        :raises ParseError: a text is no template, or a variable is used
            without a declaration or declared twice and differently.
        """
        parsed = {
            name: template.parse(raw[name], extended) for name in sorted(raw)
        }
        self._variables: dict[str, template.Variable] = {}
        uses: Counter[str] = Counter()
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
                if not isinstance(part, template.Literal):
                    uses[part.name] += 1
        # What a variable stands for matters only if it is used again.
        self._shared = {name for name, count in uses.items() if count > 1}
        self.templates = parsed
        self._literals = {
            name: value.text for name, value in parsed.items()
            if value.is_literal
        }
        # A declaration before its use keeps the number of possible bindings
        # small.
        self._patterns = sorted(
            ((n, v) for n, v in parsed.items() if not v.is_literal),
            key=lambda item: not _declares(item[1]),
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
        steps: int = MAX_STEPS,
    ) -> list[str]:
        """The attributes whose value in ``values`` does not match.

        An absent attribute counts as the empty text. Those in ``skip`` are
        not looked at; variables that they declare may have any of their
        values. The empty list means that one binding of the variables
        matches all attributes; else as few are named as any binding gives.

        :param steps: how many texts may be tried
        :raises TooComplex: it would take more
        """
        refused = [
            name for name, text in self._literals.items()
            if name not in skip and values.get(name, "") != text
        ]
        if not self._patterns:
            return refused
        bad, _ = self.solve(values, skip, steps)
        if len(bad) > 1 and self._shared:
            # What was bound first may be what does not fit the others.
            bad = min(bad, self._fewest(values, skip, steps) or bad, key=len)
        return refused + bad

    def solve(
        self,
        values: Mapping[str, str],
        skip: Collection[str] = (),
        steps: int = MAX_STEPS,
    ) -> tuple[list[str], set[unify.Bindings]]:
        """Match the attributes that have variables, one after the other.

        :returns: those that failed, and each way in which all the others
            match; only variables that are used more than once are bound
        """
        bad = []
        matcher = unify.Matcher(self._variables, self._shared, steps)
        environments: set[unify.Bindings] = {()}
        for name, value in self._patterns:
            if name in skip:
                continue
            found = {
                binding
                for environment in environments
                for binding in matcher.match(
                    value.parts, values.get(name, ""), environment
                )
            }
            if found:
                environments = found
            else:
                bad.append(name)
        return bad, environments

    def _fewest(
        self, values: Mapping[str, str], skip: Collection[str], steps: int
    ) -> list[str] | None:
        """The fewest attributes that must fail.

        :returns: None if finding them takes too much work
        """
        matcher = unify.Matcher(self._variables, self._shared, steps)
        ways: dict[unify.Bindings, list[str]] = {(): []}
        try:
            for name, value in self._patterns:
                if name in skip:
                    continue
                further: dict[unify.Bindings, list[str]] = {}
                for bound, bad in ways.items():
                    text = values.get(name, "")
                    for binding in matcher.match(value.parts, text, bound):
                        _keep(further, binding, bad)
                    _keep(further, bound, [*bad, name])
                ways = further
        except unify.TooComplex:
            return None
        return min(ways.values(), key=_effort)

    def text(self, name: str, bindings: unify.Bindings) -> str | None:
        """The one text that an attribute's template stands for.

        :returns: None if it may be several, or none
        """
        known = dict(bindings)
        found = ""
        for part in self.templates[name].parts:
            if isinstance(part, template.Literal):
                found += part.text
                continue
            value = known.get(part.name, self._only(part.name))
            if value is None:
                return None
            text = unify.standing_for(part, value)
            if text is None:
                return None
            found += text
        return found

    def _only(self, name: str) -> str | None:
        domain = self._variables[name].domain
        if isinstance(domain, domains.Listed) and len(domain.values) == 1:
            return domain.values[0]
        return None


def _effort(bad: list[str]) -> tuple[int, list[str]]:
    return len(bad), bad


def _keep(
    ways: dict[unify.Bindings, list[str]],
    bound: unify.Bindings,
    bad: list[str],
) -> None:
    """Note what fails under a binding, unless less is known to do."""
    ways[bound] = min(ways.get(bound, bad), bad, key=_effort)


def _declares(value: template.Template) -> bool:
    return any(isinstance(part, template.Variable) for part in value.parts)


@functools.lru_cache(maxsize=4096)
def parse(
    items: tuple[tuple[str, str], ...], extended: bool = False
) -> Alternative:
    """The alternative of these attributes and texts, parsed once.

    :param extended: see template.parse
    :raises ParseError: see Alternative
    """
    return Alternative(dict(items), extended)
