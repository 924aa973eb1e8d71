# SPDX-License-Identifier: GPL-2.0-or-later
"""Simulate networks: python -m tests.simulation [--seed N | --new] [--networks N | --seconds S]."""

import argparse
import collections
import hashlib
import multiprocessing
import os
import random
import sys
import time
import traceback
from pathlib import Path

from tests.simulation.invariants import Finding
from tests.simulation.stories import play

HOUR = 3600 * 1_000_000
PLAYED = Path(__file__).parents[2]


def _try(seed: int) -> tuple[int, int, str]:
    try:
        return seed, play(seed), ""
    except Finding as found:
        return seed, 0, str(found)
    except Exception:
        return (
            seed,
            0,
            f"seed {seed}: {traceback.format_exc().strip().rpartition(chr(10))[2]}\n{traceback.format_exc()}",
        )


def main() -> int:
    """Play networks until the time or the number is over; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="tests.simulation")
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, help="the first one; as a rule it follows from the code")
    seeds.add_argument("--new", action="store_true", help="seeds that nobody has played")
    parser.add_argument("--networks", type=int, default=1 << 30)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--keep-going", action="store_true")
    given = parser.parse_args()
    if given.seed is not None and given.networks == 1:
        print(_try(given.seed)[2] or "nothing found")
        return 0
    first = _first_seed(given)
    print(f"seeds from {first}", flush=True)
    return _play_all(first, given)


def _first_seed(given: argparse.Namespace) -> int:
    if given.seed is not None:
        return given.seed
    return random.SystemRandom().randrange(1 << 40) if given.new else seed_of_the_code()


def seed_of_the_code() -> int:
    """Return a seed that is another one after each change, and the same one when nothing has changed."""
    digest = hashlib.sha256()
    for folder in ("src/haven", "tests/simulation"):
        for path in sorted((PLAYED / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:5], "big")


def _play_all(first: int, given: argparse.Namespace) -> int:
    began, networks, simulated = time.monotonic(), 0, 0
    findings: collections.Counter[str] = collections.Counter()
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for seed, lived, found in pool.imap_unordered(_try, range(first, first + given.networks), 4):
            networks, simulated = networks + 1, simulated + lived
            if found:
                findings[found.split("\n")[0].partition(": ")[2]] += 1
                print(found if not given.keep_going else f"{seed}: {found.split(chr(10))[0]}", flush=True)
            if (found and not given.keep_going) or time.monotonic() - began > given.seconds:
                pool.terminate()
                break
    print(f"{networks} networks, {simulated / HOUR:.1f} hours, {sum(findings.values())} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
