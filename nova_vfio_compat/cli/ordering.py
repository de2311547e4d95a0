# SPDX-License-Identifier: Apache-2.0

"""In which order the hosts of a fleet can be changed.

A step changes hosts that are alike. Before it every device must be able to
leave the host; after it no device that had somewhere to go may be left
without. Whether a server uses a device is not looked at: each class counts
as in use.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools

from nova_vfio_compat.cli import planning
from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import codes

Class = planning.Class
Classes = planning.Classes

#: states that are looked at before the search for an order is given up
MAX_STATES = 20_000
# Of a kind no more are told apart: with two left each has another one.
_FEW = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """Hosts that can be changed one after the other, in any order."""

    hosts: tuple[str, ...]
    kind: planning.Kind


@dataclasses.dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a host cannot be the next one.

    :ivar host: an example
    :ivar stranded: the class that would have nowhere to go
    :ivar on: an example of a host that has it
    :ivar leaving: whether the host cannot be emptied; else changing it
        leaves devices on others without a way
    """

    host: str
    stranded: Class
    on: str
    leaving: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """The steps that are possible.

    :ivar complete: whether they change every host; else they are as far as
        one can get, and ``obstacles`` say why no further
    :ivar searched: False if the search was given up
    """

    steps: tuple[Step, ...]
    complete: bool
    obstacles: tuple[Obstacle, ...] = ()
    searched: bool = True


class Planner:
    """A fleet, its change, and the search for an order.

    :param relax: as ``acceptance.judge`` takes it
    """

    def __init__(
        self,
        kinds: Iterable[planning.Kind],
        relax: frozenset[str] = frozenset(),
    ) -> None:
        self._relax = relax
        self._kinds = list(kinds)
        self._changing = [one for one in self._kinds if one.changes]
        self._staying = [one for one in self._kinds if not one.changes]
        self._fits = functools.cache(self._judge)
        # Who is stranded before anything happens is no matter of order.
        self._lost = {
            (classes, one)
            for classes, one, _ in self._stranded((0,) * len(self._changing))
        }

    def _judge(self, source: Class, destination: Class) -> bool:
        said = acceptance.judge(source, destination, self._relax)
        return said.outcome is codes.Outcome.COMPATIBLE

    def order(self) -> Order:
        """An order in which every device always has somewhere to go."""
        start = (0,) * len(self._changing)
        goal = tuple(len(kind.hosts) for kind in self._changing)
        # Depth first, most progress first: an order is there or not, and
        # where one is there are mostly many.
        paths: dict[tuple[int, ...], tuple[int, ...] | None] = {start: None}
        stack = [start]
        farthest = start
        while stack and len(paths) < MAX_STATES:
            state = stack.pop()
            if sum(state) > sum(farthest):
                farthest = state
            if state == goal:
                break
            for following in self._following(state, goal):
                if following not in paths and self._obstacle(
                    state, following
                ) is None:
                    paths[following] = state
                    stack.append(following)
        complete = farthest == goal
        obstacles = [] if complete else [
            found
            for following in self._following(farthest, goal)
            if (found := self._obstacle(farthest, following))
        ]
        return Order(
            tuple(self._steps(paths, farthest)),
            complete,
            tuple(obstacles),
            complete or not stack,
        )

    def _following(
        self, state: tuple[int, ...], goal: tuple[int, ...]
    ) -> Iterator[tuple[int, ...]]:
        for index, done in enumerate(state):
            if done == goal[index]:
                continue
            step = 1
            if done >= _FEW and goal[index] - done > _FEW:
                # All states between look the same.
                step = goal[index] - _FEW - done
                step = max(step, 1)
            yield (*state[:index], done + step, *state[index + 1:])

    def _steps(
        self,
        paths: Mapping[tuple[int, ...], tuple[int, ...] | None],
        end: tuple[int, ...],
    ) -> list[Step]:
        backward: list[tuple[int, tuple[str, ...]]] = []
        state, before = end, paths[end]
        while before is not None:
            index = next(
                place for place, done in enumerate(state)
                if done != before[place]
            )
            names = self._changing[index].hosts[before[index]:state[index]]
            if backward and backward[-1][0] == index:
                names += backward.pop()[1]
            backward.append((index, names))
            state, before = before, paths[before]
        return [
            Step(names, self._changing[index])
            for index, names in reversed(backward)
        ]

    def _population(
        self, state: tuple[int, ...]
    ) -> dict[Classes, tuple[int, str]]:
        """Sets of classes: how many hosts have them, and an example."""
        listed = [
            (kind.before, len(kind.hosts), kind.hosts[0])
            for kind in self._staying
        ]
        for kind, done in zip(self._changing, state, strict=True):
            if left := len(kind.hosts) - done:
                listed.append((kind.before, left, kind.hosts[done]))
            if done:
                listed.append((kind.after, done, kind.hosts[0]))
        found: dict[Classes, tuple[int, str]] = {}
        for classes, count, host in listed:
            known, example = found.get(classes, (0, host))
            found[classes] = known + count, example
        return found

    def _stranded(
        self, state: tuple[int, ...]
    ) -> Iterator[tuple[Classes, Class, str]]:
        """The classes that have nowhere to go, with those beside them."""
        population = self._population(state)
        for classes, (count, host) in population.items():
            for one in sorted(classes, key=lambda item: item.id):
                if one.silence is None and not any(
                    (amount if others != classes else count - 1)
                    and any(self._fits(one, other) for other in others)
                    for others, (amount, _) in population.items()
                ):
                    yield classes, one, host

    def _obstacle(
        self, state: tuple[int, ...], following: tuple[int, ...]
    ) -> Obstacle | None:
        """Why the hosts between two states cannot be changed."""
        index = next(
            place for place, done in enumerate(state)
            if done != following[place]
        )
        kind = self._changing[index]
        host = kind.hosts[state[index]]
        for classes, one, _ in self._stranded(state):
            if classes == kind.before:
                return Obstacle(host, one, host, True)
        last = all(
            done == len(item.hosts)
            for done, item in zip(following, self._changing, strict=True)
        )
        for classes, one, on in self._stranded(following):
            if (classes, one) not in self._lost and (
                last or not self._is_fresh(classes)
            ):
                return Obstacle(host, one, on, False)
        return None

    def _is_fresh(self, classes: Classes) -> bool:
        """Whether only hosts that were changed have these classes.

        The first of them is alone until the second one follows.
        """
        return all(kind.before != classes for kind in self._kinds)
