# SPDX-License-Identifier: Apache-2.0

"""YAML in a form that cannot surprise, with a line for each value.

Only what a list of facts needs is allowed: no aliases and anchors (a few
lines of them unfold to gigabytes), no tags, no key twice. Scalars are texts
as they are written, whatever YAML would make of them.
"""

from __future__ import annotations

from typing import Any

import yaml

from nova_vfio_compat.host import errors

#: from the document to a value in it
Path = tuple[str | int, ...]

# Deeper than any entry.
_MAX_DEPTH = 8
# Of what is left out: deeper than anything that was meant.
_MAX_SKIPPED = 64


class Unusable(Exception):
    """A whole file has no meaning.

    :ivar line: counted from 1
    """

    def __init__(self, line: int, text: str) -> None:
        super().__init__(line, text)
        self.line = line
        self.text = text


class Reader:
    """Builds plain values from YAML's events, with a line for each.

    :ivar faults: what is not allowed: where, and in words
    """

    def __init__(self, text: str) -> None:
        self.faults: list[tuple[Path, str]] = []
        self._text = text
        self._lines: dict[Path, int] = {(): 1}
        self._events: Any = yaml.parse(text, yaml.SafeLoader)

    def line(self, path: Path) -> int:
        """The line of a value, or of the closest one around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def document(self) -> Any:
        """Return the only document."""
        try:
            next(self._events)  # the stream's start
            if isinstance(next(self._events), yaml.StreamEndEvent):
                return None
            result = self._value(next(self._events), ())
            next(self._events)  # the document's end
            event = next(self._events)
        except yaml.reader.ReaderError as error:
            line = self._text.count("\n", 0, error.position) + 1
            raise Unusable(
                line,
                f"character 0x{ord(self._text[error.position]):02x} is not "
                "allowed in YAML: remove it",
            ) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Unusable(
                1 if mark is None else mark.line + 1,
                errors.printable(
                    f"is no YAML: {error.problem or error.context}"
                ),
            ) from None
        except (OverflowError, ValueError):
            # Of PyYAML itself, for "\UFFFFFFFF", which is no character.
            raise Unusable(1, "is no YAML") from None
        if not isinstance(event, yaml.StreamEndEvent):
            raise Unusable(
                event.start_mark.line + 1,
                "a second document starts here: make it a file of its own",
            )
        return result

    def _fault(self, path: Path, event: Any, text: str) -> None:
        self._lines.setdefault(path, event.start_mark.line + 1)
        self.faults.append((path, text))

    def _value(self, event: Any, path: Path) -> Any:
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent):
            self._fault(
                path, event,
                f"*{event.anchor} is an alias: write the value itself",
            )
            return None
        if event.anchor is not None or event.tag not in (None, "!"):
            self._fault(
                path, event, "anchors (&) and tags (!) are not allowed"
            )
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None
            if plain and event.value in ("", "~", "null"):
                return None
            return event.value
        if len(path) >= _MAX_DEPTH:
            self._fault(path, event, "nothing is nested as deep as this")
            self._skip()
            return None
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Path) -> list[Any]:
        result: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.append(self._value(event, (*path, len(result))))
        return result

    def _mapping(self, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                self._fault(path, event, "a key must be a plain word")
                if isinstance(event, yaml.CollectionStartEvent):
                    self._skip()
                self._value(next(self._events), (*path, ""))
                continue
            name = event.value
            place = (*path, name)
            if name in result:
                self.faults.append((
                    path,
                    errors.printable(
                        f"{name} is there twice, in lines "
                        f"{self._lines[place]} and "
                        f"{event.start_mark.line + 1}: remove one"
                    ),
                ))
                self._value(next(self._events), (*place, "again"))
                continue
            self._lines[place] = event.start_mark.line + 1
            result[name] = self._value(next(self._events), place)
        return result

    def _skip(self) -> None:
        """Leave out the rest of a collection that has been started."""
        depth = 1
        while depth:
            event = next(self._events)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                # PyYAML takes time that grows with the square of the depth:
                # minutes for 64 KiB of brackets.
                if depth > _MAX_SKIPPED:
                    raise Unusable(
                        event.start_mark.line + 1,
                        "nothing is nested as deep as this",
                    )
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
