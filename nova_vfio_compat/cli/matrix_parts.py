# SPDX-License-Identifier: Apache-2.0

"""The parts of the page of ``matrix --html``, as HTML.

Whatever hosts have written is escaped where it is put in.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import html

from nova_vfio_compat.cli import published
from nova_vfio_compat.cli import relations
from nova_vfio_compat.compat import codes
from nova_vfio_compat.compat import device_class

Class = device_class.DeviceClass
Outcome = codes.Outcome

_SYMBOLS = {
    Outcome.COMPATIBLE: "✓",
    Outcome.CONDITIONAL: "◐",
    Outcome.UNKNOWN: "?",
    Outcome.INCOMPATIBLE: "–",
}
_ONE_WAY = "→"


def tiles(
    fleet: published.Fleet, known: relations.Relations
) -> Iterator[str]:
    """The numbers at the top."""
    stranded = sum(bool(known.stranded(one)) for one in known.classes)
    for count, text, bad in (
        (len(fleet.hosts) - len(fleet.stale), "hosts reporting", False),
        (len(known.classes), "classes", False),
        (stranded, "stranded", True),
        (len(known.one_way()), "one-way", True),
        (len(fleet.stale), "stale", True),
        (len(fleet.missing), "without report", True),
    ):
        mark = ' class="bad"' if bad and count else ""
        yield f"<li{mark}><b>{count}</b> {text}</li>"


def attention(
    fleet: published.Fleet, known: relations.Relations
) -> Iterator[str]:
    """What somebody should look at, worst first; nothing if all is well."""
    numbers = _numbers(known)
    stranded = [one for one in known.classes if known.stranded(one)]
    yield from _notice(
        "stranded", "Stranded classes",
        "From these hosts a device can go nowhere: no other host has a "
        "class that accepts it.",
        (
            f"{_chip(numbers[one.id], known.label(one))} on "
            f"{html.escape(_some(known.stranded(one)))}"
            for one in stranded
        ),
    )
    yield from _notice(
        "oneway", "One-way pairs",
        "What moves there cannot come back.",
        (
            _pair_button(
                numbers[way.source.id], numbers[way.destination.id], known,
                f"{known.label(way.source)} {_ONE_WAY} "
                f"{known.label(way.destination)}",
            )
            for way in known.one_way()
        ),
    )
    yield from _notice(
        "missing", "Hosts without a report",
        "Nothing is known of their devices: run nova-vfio-compat-reporter "
        "there, unless they have none.",
        map(html.escape, fleet.missing), "hosts",
    )
    yield from _notice(
        "stale", "Stale reports",
        "Schedulers do not believe them any more: see why "
        "nova-vfio-compat-reporter does not publish there.",
        (
            f"{html.escape(host.name)} <small>since "
            f"{html.escape(_day(host.seen))}</small>"
            for host in fleet.stale
        ),
        "hosts",
    )
    yield from _notice(
        "undefined", "Classes that cannot be read",
        "Their definitions are incomplete or damaged; the next report of "
        "a host that has them mends it.",
        map(html.escape, sorted(fleet.undefined)),
    )


def _notice(
    kind: str, title: str, text: str, items: Iterable[str], css: str = "list"
) -> Iterator[str]:
    found = [f"<li>{item}</li>" for item in items]
    if found:
        yield (
            f'<details class="notice" data-kind="{kind}"'
            f'{" open" if len(found) <= 12 else ""}>'
            f'<summary><h3>{title} <span class="count">{len(found)}</span>'
            f"</h3></summary><p>{text}</p>"
            f'<ul class="{css}" tabindex="0" aria-label="{title}">'
            f'{"".join(found)}</ul></details>'
        )


def matrices(known: relations.Relations) -> Iterator[str]:
    """A table for each family; classes of two families never move."""
    families: dict[str, list[Class]] = {}
    for one in known.classes:
        families.setdefault(one.family, []).append(one)
    numbers = _numbers(known)
    one_way = {
        (way.source.id, way.destination.id) for way in known.one_way()
    }
    for family, classes in families.items():
        heads = "".join(
            f'<th scope="col" data-class="{numbers[one.id]}">'
            f'<button type="button" data-show="{numbers[one.id]}" '
            f'aria-label="{_class_text(numbers[one.id], one, known)}">'
            f"{numbers[one.id]}</button></th>"
            for one in classes
        )
        rows = "".join(
            f'<tr data-class="{numbers[one.id]}"><th scope="row">'
            f"{_chip(numbers[one.id], _in_family(one, known))}"
            f'<span class="hosts-of">{_amount(len(known.hosts(one)))}</span>'
            f"{_badges(one, known)}</th>"
            + "".join(
                _cell(one, other, known, numbers, one_way)
                for other in classes
            )
            + "</tr>"
            for one in classes
        )
        name = html.escape(family)
        yield (
            f'<div class="block" data-family="{name}"><h3>{name}</h3>'
            f'<div class="scroll"><table role="grid" class="matrix" '
            f'aria-label="{name}: rows are sources, columns destinations">'
            f'<thead><tr><th scope="col">from \\ to</th>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div></div>"
        )


def _cell(
    source: Class,
    destination: Class,
    known: relations.Relations,
    numbers: dict[str, int],
    one_way: set[tuple[str, str]],
) -> str:
    said = known.judge(source, destination).outcome
    first, second = numbers[source.id], numbers[destination.id]
    marks = [said.value]
    symbol = _SYMBOLS[said]
    text = said.value
    if (source.id, destination.id) in one_way:
        marks.append("oneway")
        symbol = _ONE_WAY
        text += ", no way back"
    if source is destination:
        marks.append("same")
    return (
        f'<td data-class="{second}"><button type="button" '
        f'class="{" ".join(marks)}" data-pair="{first} {second}" '
        f'tabindex="-1" aria-label="{first} to {second}: {text}">{symbol}'
        "</button></td>"
    )


def members(
    number: int,
    one: Class,
    fleet: published.Fleet,
    known: relations.Relations,
) -> str:
    """The hosts of a class."""
    hosts = [item for item in fleet.hosts if one.id in item.classes]
    items = "".join(
        f"<li>{html.escape(item.name)}</li>" if item.fresh else
        f'<li class="stale">{html.escape(item.name)} '
        f"<small>stale, {html.escape(_day(item.seen))}</small></li>"
        for item in hosts
    )
    name = html.escape(f"Hosts of class {number}")
    old = sum(not item.fresh for item in hosts)
    stale = f", {old} stale" if old else ""
    return (
        f'<details class="class" data-class="{number}"><summary>'
        f'<span class="number">{number}</span> '
        f"{html.escape(known.label(one))}{_badges(one, known)} "
        f'<span class="count">{_amount(len(hosts))}{stale}</span></summary>'
        f'<p><button type="button" data-show="{number}">Attributes of class '
        f"{number}</button></p>"
        f'<ul class="hosts" tabindex="0" aria-label="{name}">{items}</ul>'
        "</details>"
    )


def _badges(one: Class, known: relations.Relations) -> str:
    found = []
    if known.stranded(one):
        found.append(("stranded", "stranded"))
    if one.silence is not None:
        found.append((
            "cannot", "unknown" if one.silence.is_unknown else "cannot move"
        ))
    if not known.hosts(one):
        found.append(("stale", "stale only"))
    return "".join(
        f' <span class="badge {css}">{text}</span>' for css, text in found
    )


def _chip(number: int, label: str) -> str:
    return (
        f'<button type="button" class="chip" data-show="{number}">'
        f'<span class="number">{number}</span> {html.escape(label)}</button>'
    )


def _pair_button(
    first: int, second: int, known: relations.Relations, text: str
) -> str:
    return (
        f'<button type="button" class="chip" data-pair="{first} {second}">'
        f'<span class="number">{first} {_ONE_WAY} {second}</span> '
        f"{html.escape(text)}</button>"
    )


def _in_family(one: Class, known: relations.Relations) -> str:
    return known.label(one).removeprefix(one.family).strip() or one.family


def _class_text(number: int, one: Class, known: relations.Relations) -> str:
    return html.escape(f"class {number}: {known.label(one)}")


def _numbers(known: relations.Relations) -> dict[str, int]:
    return {one.id: number for number, one in enumerate(known.classes, 1)}


def _amount(hosts: int) -> str:
    return f"{hosts} host" if hosts == 1 else f"{hosts} hosts"


def _some(names: list[str]) -> str:
    more = len(names) - 3
    text = ", ".join(names[:3])
    return f"{text} and {more} more" if more > 0 else text


def _day(seen: str) -> str:
    return f"{seen[:4]}-{seen[4:6]}-{seen[6:]}" if seen else "never"
