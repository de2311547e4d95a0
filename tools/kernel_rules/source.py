# SPDX-License-Identifier: Apache-2.0
"""Definitions in a C file, found without compiling it.

Enough for the kernel's style: comments and strings are skipped, braces are
matched, and both branches of an #if are read as if they were one text.
"""

from __future__ import annotations

import hashlib
import re

_SKIPPED = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.DOTALL | re.VERBOSE)
_TOKEN = re.compile(
    r""""(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \w+ | \S""",
    re.DOTALL | re.VERBOSE)
_DEFINE = r"^[ \t]*#[ \t]*define[ \t]+%s\b(?:\\\n|[^\n])*"
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
# Between the parameters and the body: __must_hold(&lock) and the like.
_ANNOTATION = re.compile(r"\s*(?:\w+\s*(?:\([^(){};]*\)\s*)?)*\{")
_OPEN = {"{": "}", "(": ")", "[": "]"}


def definition(text: str, name: str) -> str | None:
    """Return what defines a name in a file, in a normal form.

    :param name: of a function, variable or macro; or ``enum x``,
        ``struct x``
    :returns: its tokens, one blank between two of them; None if the file
        has no definition of it
    """
    plain = _without_comments(text)
    found = re.search(_DEFINE % re.escape(name), plain, re.MULTILINE)
    if found:
        return normal(found.group())
    code = _blank(plain)
    place = _definition(code, name)
    if place is None:
        return None
    start, end = place
    # What is in the way is blank in the code and no part of a definition.
    before = [
        directive.end() for directive in _DIRECTIVE.finditer(plain, start)
        if not code[start:directive.end()].strip()]
    return normal(plain[max([start, *before]):end])


def mentions(text: str, name: str) -> bool:
    """Whether a word is in a file, outside of comments and strings."""
    return bool(re.search(
        r"\b%s\b" % re.escape(name), _blank(_without_comments(text), False)))


def normal(text: str) -> str:
    """Return the tokens of a text without comments, a blank between two."""
    return " ".join(
        token for token in _TOKEN.findall(text) if token != "\\")


def digest(text: str) -> str:
    """Return what tells one normal form from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _without_comments(text: str) -> str:
    """The same without comments; every other place stays where it was."""
    return _SKIPPED.sub(
        lambda found: (
            re.sub(r"[^\n]", " ", found.group())
            if found.group().startswith("/") else found.group()),
        text)


def _blank(text: str, directives: bool = True) -> str:
    """The same with blanks for what is in strings, and in directives."""
    text = _SKIPPED.sub(lambda found: _blanks(found.group()), text)
    if directives:
        text = _DIRECTIVE.sub(lambda found: _blanks(found.group()), text)
    return text


def _blanks(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _definition(code: str, name: str) -> tuple[int, int] | None:
    for found in re.finditer(
            r"\b%s\b" % re.escape(name).replace(r"\ ", r"\s+"), code):
        start, end = found.span()
        if _depth(code[:start]):
            continue
        body = _body(code, end)
        if body is None:
            continue
        last = _closing(code, body)
        if last is not None:
            return _beginning(code, start), last + 1
    return None


def _body(code: str, end: int) -> int | None:
    """Where the body of what is called so far begins, if it has one."""
    rest = code[end:]
    if re.match(r"\s*\(", rest):
        last = _closing(code, end + rest.index("("))
        found = None if last is None else _ANNOTATION.match(code, last + 1)
        return None if found is None else found.end() - 1
    found = re.match(r"\s*(?:\[[^]]*\]\s*)*(?:=\s*)?\{", rest)
    return None if found is None else end + found.end() - 1


def _depth(code: str) -> bool:
    """Whether something is open at the end of a text."""
    return code.count("{") != code.count("}")


def _closing(code: str, start: int) -> int | None:
    """The place of what closes the bracket at ``start``."""
    bracket = code[start]
    depth = 0
    for found in re.finditer(
            "[%s]" % re.escape(bracket + _OPEN[bracket]), code[start:]):
        depth += 1 if found.group() == bracket else -1
        if not depth:
            return start + found.start()
    return None


def _beginning(code: str, start: int) -> int:
    """Where a definition begins: behind the end of the one before it."""
    return max(code.rfind(";", 0, start), code.rfind("}", 0, start)) + 1
