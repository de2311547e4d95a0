# SPDX-License-Identifier: Apache-2.0

"""What holds for any bytes, one function a parser.

Each takes bytes and raises nothing; a law that is broken is an
AssertionError. Inputs are text with a line for each part, so that people can
read and write them.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import itertools
import json

from nova_vfio_compat.compat import acceptance
from nova_vfio_compat.compat import alternative
from nova_vfio_compat.compat import attributes
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class
from nova_vfio_compat.compat import domains
from nova_vfio_compat.compat import errors
from nova_vfio_compat.compat import neutral
from nova_vfio_compat.compat import render
from nova_vfio_compat.compat import template
from nova_vfio_compat.compat import unify
from nova_vfio_compat.compat import verdict as verdict_
from nova_vfio_compat.host.sources import migration_text
from nova_vfio_compat.placement import codec
from nova_vfio_compat.placement import report as report_

#: bindings that are enumerated to check the matcher
_MAX_PRODUCT = 200

Law = Callable[[bytes], None]


def templates(data: bytes) -> None:
    """A template a line, each followed by a line with a text to match.

    If the first line starts with ``x`` our own kinds of variables are
    allowed. Parsing is stable, and matching finds just what writing out all
    bindings finds.
    """
    lines = _text(data).split("\n")
    extended = lines[0].startswith("x")
    raw = dict(zip(_names(), lines[1::2], strict=False))
    values = dict(zip(_names(), lines[2::2], strict=False))
    try:
        values = attributes.normalise_state(values)
        assert attributes.normalise_state(values) == values
    except errors.ParseError as error:
        _shows_its_place(error)
    try:
        items = attributes.normalise_templates(raw, extended)
    except errors.ParseError as error:
        _shows_its_place(error)
        return
    assert attributes.normalise_templates(items, extended) == items
    parsed = alternative.Alternative(items, extended)
    try:
        refused = parsed.mismatches(values)
    except unify.TooComplex:
        return
    assert set(refused) <= set(items)
    written_out = _written_out(parsed)
    if written_out is not None:
        wanted = {name: values.get(name, "") for name in items}
        assert (not refused) == (wanted in written_out)


def _names() -> Iterator[str]:
    """Some whose values have several spellings, then any number."""
    yield from ("type", "pci_id", "device_api", "software_version")
    yield from (f"a{n}" for n in itertools.count())


def _written_out(
    parsed: alternative.Alternative,
) -> list[dict[str, str]] | None:
    """Every set of texts that an alternative stands for; None: too many."""
    variables = {
        part.name: part.domain.values
        if isinstance(part.domain, domains.Listed) else None
        for value in parsed.templates.values()
        for part in value.parts
        if isinstance(part, template.Variable)
    }
    count = 1
    for listed in variables.values():
        if listed is None:
            return None
        count *= len(listed)
        if count > _MAX_PRODUCT:
            return None
    found = []
    for chosen in itertools.product(*filter(None, variables.values())):
        bound = dict(zip(variables, chosen, strict=True))
        texts = {
            name: _in_full(value, bound)
            for name, value in parsed.templates.items()
        }
        if None not in texts.values():
            found.append({name: str(text) for name, text in texts.items()})
    return found


def _in_full(
    value: template.Template, bound: Mapping[str, str]
) -> str | None:
    found = ""
    for part in value.parts:
        if isinstance(part, template.Literal):
            found += part.text
            continue
        text = bound[part.name]
        if isinstance(part, template.Reference) and part.divisor is not None:
            if int(text) % part.divisor:
                return None
            text = str(int(text) // part.divisor)
        found += text
    return found


def blocks(data: bytes) -> None:
    """A file of several blocks: it can be written again, and is a class."""
    try:
        found = migration_text.blocks(_text(data))
    except errors.ParseError as error:
        _shows_its_place(error)
        return
    assert all(items for _, items in found)
    assert migration_text.blocks(_as_file(found)) == found
    try:
        state = None
        accepts = []
        for header, items in found:
            if header == migration_text.SELF:
                state = attributes.normalise_state(items)
            else:
                accepts.append(attributes.normalise_templates(items))
        one = device_class.DeviceClass(
            "migration", "mdev", codes.Evidence.DECLARED,
            state=state, accepts=tuple(accepts),
            reason=None if state and accepts else codes.Code.NO_STATE,
        )
    except errors.ParseError as error:
        _shows_its_place(error)
        return
    _is_class(one)


def _as_file(found: list[tuple[str, dict[str, str]]]) -> str:
    lines = []
    for header, items in found:
        lines.append(header)
        lines += [
            f"{name}={text}" if '"' in text else f'{name}="{text}"'
            for name, text in items.items()
        ]
    return "\n".join(lines)


def documents(data: bytes) -> None:
    """JSON of a class, or of two with an empty line between them.

    A class has one spelling, everything else is the exception; of two the
    one can be judged against the other.
    """
    try:
        one = device_class.DeviceClass.from_canonical(data)
    except errors.ParseError as error:
        _shows_its_place(error)
    else:
        assert one.canonical() == data
        _is_class(one)
    found = []
    for text in _text(data).split("\n\n", 1):
        try:
            found.append(neutral.loads(text))
        except errors.ParseError as error:
            _shows_its_place(error)
    for one in found:
        assert neutral.loads(one.canonical().decode("ascii")) == one
        _is_class(one)
    for source, destination in itertools.permutations(found, 2):
        verdict = acceptance.judge(source, destination)
        _can_be_shown(verdict)
        if verdict.outcome is codes.Outcome.INCOMPATIBLE:
            assert verdict.all_codes
        assert bool(verdict.to_set) == (
            verdict.outcome is codes.Outcome.CONDITIONAL
        )


def traits(data: bytes) -> None:
    """A name of a trait a line; a line that is a class is all its names.

    Decoding never raises, and what it could read can be published again.
    """
    names: list[str] = []
    for line in _text(data).split("\n"):
        try:
            if not line.startswith("{"):
                raise errors.ParseError("not JSON")
            one = neutral.loads(line)
        except errors.ParseError:
            names.append(line)
        else:
            names += (codec.class_trait(one.id), *codec.definition_traits(one))
    read = codec.decode(names)
    assert codec.decode(reversed(names)) == read
    for problem in read.problems:
        assert problem.detail and len(problem.trait) <= 255
    defined, _ = codec.decode_definitions(names)
    assert read.classes.items() <= defined.items()
    again = report_.Report(
        classes=read.classes,
        devices={
            name: ids for name, ids in read.devices.items()
            if ids <= read.classes.keys()
        },
        seen=read.seen,
    )
    assert codec.decode(codec.encode(again)) == again


def _is_class(one: device_class.DeviceClass) -> None:
    """A class has one form, judges itself, and can be published."""
    data = one.canonical()
    assert device_class.DeviceClass.from_canonical(data) == one
    verdict = acceptance.judge(one, one)
    if not one.silence and one.accepts:
        assert verdict.outcome is codes.Outcome.COMPATIBLE
    _can_be_shown(verdict)
    found, problems = codec.decode_definitions(codec.definition_traits(one))
    assert found == {one.id: one} and not problems


def _can_be_shown(verdict: verdict_.Verdict) -> None:
    json.dumps(render.verdict_dict(verdict))
    assert "\n" not in render.verdict_text(verdict)


def _text(data: bytes) -> str:
    # As files of a host are read: what is no UTF-8 stays distinguishable.
    return data.decode("utf-8", "surrogateescape")


def _shows_its_place(error: errors.ParseError) -> None:
    message, *shown = str(error).split("\n")
    assert message and "\n" not in error.one_line()
    if shown:
        text, caret = shown
        assert caret.strip() == "^" and len(caret) <= len(text) + 1


LAWS: dict[str, Law] = {
    "template": templates,
    "blocks": blocks,
    "json": documents,
    "traits": traits,
}
