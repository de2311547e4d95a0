# SPDX-License-Identifier: Apache-2.0
"""Apply each mutant to a copy of the package; its tests must fail.

Usage: ``python -m tests.mutants.run [NAME...]`` from the top of the tree,
with an interpreter that has everything the tests need.  A mutant that
survives is a failure, and so is one whose text is no longer found.
"""

from __future__ import annotations

from collections.abc import Iterable
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from tests.mutants import catalogue

TOP = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "nova_vfio_compat"
#: seconds for the tests of one mutant
TIMEOUT = 180
#: so that random tests are the same ones each time
SEED = "1"


def find(mutant: catalogue.Mutant, top: pathlib.Path = TOP) -> str | None:
    """Return what is wrong with a mutant's text, None if nothing is."""
    path = top / PACKAGE / mutant.file
    if not path.exists():
        return "there is no %s" % mutant.file
    count = path.read_text().count(mutant.old)
    if count != 1:
        return "its text is %d times in %s" % (count, mutant.file)
    return None


def _copy(folder: str) -> pathlib.Path:
    """Copy what tests need; the tests themselves are only linked."""
    copy = pathlib.Path(folder)
    shutil.copytree(TOP / PACKAGE, copy / PACKAGE,
                    ignore=shutil.ignore_patterns("__pycache__"))
    for entry in TOP.iterdir():
        if entry.name != PACKAGE and not entry.name.startswith("."):
            (copy / entry.name).symlink_to(entry)
    return copy


def _run(folder: pathlib.Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests against the package in ``folder``."""
    environment = {
        **os.environ, "PYTHONPATH": str(folder), "OS_LOG_CAPTURE": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "NOVA_VFIO_COMPAT_SEED": SEED,
        "OS_NOVA_DISABLE_EVENTLET_PATCHING": "true",
        "TMPDIR": str(folder.parent)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "testtools.run", *tests], cwd=folder,
            env=environment, timeout=TIMEOUT, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return -1, "still running after %d s" % TIMEOUT
    return done.returncode, done.stdout


def _survives(mutant: catalogue.Mutant) -> str | None:
    """Return why a mutant is not killed, None if it is."""
    wrong = find(mutant)
    if wrong is not None:
        return wrong
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(os.path.join(folder, "copy"))
        path = copy / PACKAGE / mutant.file
        text = path.read_text().replace(mutant.old, mutant.new)
        compile(text, mutant.file, "exec")
        path.write_text(text)
        code, output = _run(copy, mutant.tests)
    if code == 0:
        return "survived " + " ".join(mutant.tests)
    if code != -1 and not re.search(r"^Ran [0-9]+ test", output, re.M):
        return "its tests did not run:\n" + output[-2000:]
    return None


def _healthy(tests: list[str]) -> bool:
    """Whether the tests pass on what is not mutated, and on the copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy(os.path.join(folder, "copy"))
        where = subprocess.run(
            [sys.executable, "-c", "import %s as p; print(p.__file__)"
             % PACKAGE], cwd=copy, text=True, check=True,
            env={**os.environ, "PYTHONPATH": str(copy)},
            stdout=subprocess.PIPE).stdout
        if not where.startswith(str(copy)):
            print("the tests would use %s, not the copy" % where.strip())
            return False
        code, output = _run(copy, tests)
    if code:
        print(output[-4000:])
        print("these tests fail before anything is mutated")
    return code == 0


def main(names: list[str]) -> int:
    """Run the named mutants, or all; return the exit code."""
    mutants = [mutant for mutant in catalogue.MUTANTS
               if not names or mutant.name in names]
    unknown = set(names) - {mutant.name for mutant in mutants}
    if unknown:
        print("no such mutant: %s" % ", ".join(sorted(unknown)))
        return 2
    started = time.monotonic()
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    survivors = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        healthy = pool.submit(_healthy, tests)
        # The slow ones first, so that no process is idle at the end.
        mutants.sort(key=lambda mutant: "functional" not in mutant.tests[0])
        for mutant, wrong in zip(
                mutants, pool.map(_survives, mutants), strict=True):
            print("%-20s %s" % (mutant.name, wrong or "killed"), flush=True)
            survivors += wrong is not None
        passed = healthy.result()
    print("%d of %d mutants killed in %d s" % (
        len(mutants) - survivors, len(mutants), time.monotonic() - started))
    return 0 if passed and not survivors else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
