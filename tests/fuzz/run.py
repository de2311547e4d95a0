# SPDX-License-Identifier: Apache-2.0

"""Runs the fuzz targets, one process each, one after the other.

::

    python -m tests.fuzz.run [TARGET...] [--seconds 600] [--folder build/fuzz]

The inputs that reached something new are kept in the folder, so that the next
run goes on from there; an input that broke a law is in ``crashes`` below it.
Exit code 1 if any did. Such an input belongs in ``tests/data/fuzz``, named
after its target, together with what mends it.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import subprocess
import sys

from tests.fuzz import laws
from tests.fuzz import seeds

HOME = pathlib.Path(__file__).resolve().parents[2]
_MAX_LENGTH = 4096
_OPTIONS = (
    f"-max_len={_MAX_LENGTH}", "-timeout=30", "-rss_limit_mb=1024",
    "-print_final_stats=1", "-verbosity=0",
)


def prepare(target: str, folder: pathlib.Path) -> list[str]:
    """Write what the target starts from; return its arguments."""
    corpus, crashes = folder / target / "corpus", folder / target / "crashes"
    for path in (corpus, crashes):
        path.mkdir(parents=True, exist_ok=True)
    for data in seeds.of(target):
        name = hashlib.sha256(data).hexdigest()[:40]
        (corpus / name).write_bytes(data)
    words = folder / "words"
    # libFuzzer's form: a backslash before a quote.
    words.write_text("".join(
        '"{}"\n'.format(word.replace('"', '\\"')) for word in seeds.WORDS
    ))
    return [
        str(corpus), f"-artifact_prefix={crashes}/", f"-dict={words}",
        *_OPTIONS,
    ]


def main() -> int:
    """Run the targets and say which found something."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="*", help=", ".join(laws.LAWS))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument(
        "--folder", type=pathlib.Path, default=HOME / "build" / "fuzz"
    )
    args = parser.parse_args()
    targets = args.target or list(laws.LAWS)
    for target in targets:
        if target not in laws.LAWS:
            parser.error(f"no target {target}")
    broken = []
    for target in targets:
        print(f"== {target}, {args.seconds} s", flush=True)
        done = subprocess.run(
            [
                sys.executable, "-m", f"tests.fuzz.fuzz_{target}",
                *prepare(target, args.folder.resolve()),
                f"-max_total_time={args.seconds}",
            ],
            cwd=HOME,
        )
        if done.returncode:
            broken.append(target)
    for target in broken:
        print(f"{target}: see {args.folder / target / 'crashes'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
