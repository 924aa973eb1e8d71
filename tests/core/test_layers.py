# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may import whom: the table of layers in docs/design.md, read from the source."""

import ast
import os

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src")

# Each layer: which layers it may import besides itself, and which modules from outside; None is any.
LAYERS = {
    "core": ((), ("struct",)),
    "contract": (("core",), ("errno", "json", "struct")),
    "havend": (
        ("contract", "core"),
        ("errno", "gc", "json", "os", "select", "socket", "struct", "sys", "time"),
    ),
    "ubus": ((), None),
    "config": (("core",), None),
    "plan": (("config", "core", "ubus"), None),
    "agent": (("config", "core", "ubus"), None),
    "openwrt": (("config", "core", "plan", "ubus"), None),
    "cli": (("agent", "config", "core", "openwrt", "plan", "havend"), None),
}

# What differs between the Pythons stands in one small file for each.
PLATFORM = ("havend/host/cpython.py", "havend/host/micropython.py")

# These run on MicroPython, too, with all that they import.
PORTABLE = ["haven.config.options.__init__", "haven.config.uci.document"]
PORTABLE_MODULES = ("socket", "struct")

# The heavy ones; whoever is not named here does without.
HEAVY = {"pyroute2": ("plan",), "jinja2": ("plan",), "asyncio": (), "threading": ()}


def files():
    """Return (layer, path below src/haven) of every source file that is in a layer."""
    found = []
    root = os.path.join(SOURCE, "haven")
    for folder, _folders, names in os.walk(root):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(".py") and os.sep in path:
                found.append((path.split(os.sep)[0], path))
    return sorted(found)


def imports(path):
    """Return the modules that a file imports at run time: not those that only a type checker sees."""
    with open(os.path.join(SOURCE, "haven", path)) as file:
        tree = ast.parse(file.read())
    found = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "%s: relative import" % path
            names = [node.module + "." + alias.name for alias in node.names]
            found.update(names if node.module == "haven" else [node.module])
        waiting.extend(ast.iter_child_nodes(node))
    return sorted(found)


def test_every_folder_is_a_layer():
    present = {layer for layer, _path in files()}
    assert "core" in present and present <= set(LAYERS)


def test_no_layer_imports_what_it_may_not():
    wrong = []
    for layer, path in files():
        others, outside = LAYERS[layer]
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "haven":
                good = parts[1] not in LAYERS or parts[1] == layer or parts[1] in others
            else:
                good = outside is None or parts[0] in outside or path in PLATFORM
            if parts[0] in HEAVY:
                good = layer in HEAVY[parts[0]]
            if not good:
                wrong.append("%s imports %s" % (path, name))
    assert wrong == []


def test_the_core_needs_nothing_but_struct():
    outside = set()
    for layer, path in files():
        if layer == "core":
            outside.update(name for name in imports(path) if not name.startswith("haven.core"))
    assert outside == {"struct"}


def test_what_runs_on_micropython_imports_nothing_that_it_lacks():
    seen, waiting = set(), PORTABLE[:]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        path = module.replace("haven.", "", 1).replace(".", os.sep)
        folder = os.path.join(SOURCE, "haven", path)
        for name in imports(path + (os.sep + "__init__.py" if os.path.isdir(folder) else ".py")):
            if name.startswith("haven."):
                waiting.extend([] if name in seen else [name])
            else:
                assert name in PORTABLE_MODULES, "%s imports %s" % (module, name)
