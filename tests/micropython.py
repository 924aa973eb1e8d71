# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the tests that need nothing but Python under MicroPython: micropython tests/micropython.py"""

import gc
import os
import sys

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
ROOT = HERE + "/.."

# These look at the source, or throw dice with hypothesis: CPython does that for both.
CPYTHON_ONLY = ("test_properties",)

CONFIG_TESTS = ("test_uci", "test_options")

# What havend is made of; what it asks of a Python itself has a stand-in here.
HAVEND = ("", "core", "core/auth", "core/bfd", "core/carp", "core/vrrp", "core/ra", "contract", "havend")
# Of the compiler, of what OpenWrt asks for, and of CPython.
NOT_OF_HAVEND = (
    "atomic_file.py",
    "file_lock.py",
    "launch.py",
    "light.py",
    "light_child.py",
    "light_socket.py",
    "sole_agent.py",
)
HOST = "haven.havend.host"


def modules():
    """Return the names of the test modules, in order."""
    found = []
    for folder in ("core", "scenarios"):
        for file in sorted(os.listdir(HERE + "/" + folder)):
            if file.startswith("test_") and file.endswith(".py") and file[:-3] not in CPYTHON_ONLY:
                found.append("tests.%s.%s" % (folder, file[:-3]))
    found.extend("tests.config." + name for name in CONFIG_TESTS)
    return found


def exceptions():
    """Yield the names of what is left out, each with its path without the suffix."""
    for name in CPYTHON_ONLY:
        yield name, HERE + "/core/" + name
    for name in NOT_OF_HAVEND:
        yield name, ROOT + "/src/haven/" + name[:-3]


def check_exceptions():
    """Return how many exceptions are none: of a file that is not there."""
    failed = 0
    for name, path in exceptions():
        try:
            os.stat(path + ".py")
        except OSError:
            failed += 1
            print("FAILED %s is left out, and is not there" % name)
    return failed


def run(name):
    """Run the tests of one module; return how many passed and how many failed."""
    passed = failed = 0
    # What lies scattered from before leaves no room for a long list.
    gc.collect()
    module = __import__(name, None, None, ("x",))
    # dir() of MicroPython leaves out names that were made while running.
    for each in sorted(module.__dict__):
        test = getattr(module, each)
        if not each.startswith("test_") or not callable(test):
            continue
        try:
            test()
            passed += 1
        except Exception as error:
            failed += 1
            print("FAILED %s.%s" % (name, each))
            sys.print_exception(error)
    return passed, failed


class System:
    """What is asked of a Python while modules are imported."""

    MEMORY_FOR_A_CLIENT = 1 << 16


class Host:
    """In place of haven/havend/host: nothing is called while modules are imported."""

    child = datagrams = None
    system = System


def import_havend():
    """Import every module of havend; return how many could be, and how many could not."""
    passed = failed = 0
    sys.modules[HOST] = Host
    for folder in HAVEND:
        for file in sorted(os.listdir(ROOT + "/src/haven/" + folder)):
            # The archive's entry starts a program.
            if not file.endswith(".py") or file.startswith("__") or file in NOT_OF_HAVEND:
                continue
            name = ".".join([part for part in ("haven", folder.replace("/", "."), file[:-3]) if part])
            try:
                __import__(name)
                passed += 1
            except Exception as error:
                failed += 1
                print("FAILED %s: it cannot be imported" % name)
                sys.print_exception(error)
    return passed, failed


def main():
    """Run everything and tell the result by the exit status."""
    sys.path[0:0] = [ROOT + "/src", ROOT]
    passed, failed = import_havend()
    failed += check_exceptions()
    print("%d modules of havend imported" % passed)
    for name in modules():
        try:
            good, bad = run(name)
        except Exception as error:
            print("FAILED %s: it cannot be imported" % name)
            sys.print_exception(error)
            good, bad = 0, 1
        passed += good
        failed += bad
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


main()
