# SPDX-License-Identifier: GPL-2.0-or-later
"""What the package brings for the exporters of others: a collector in Lua, and a script for collectd."""

import json
import os
import signal
import subprocess
from pathlib import Path

from haven.metrics.metric_texts import COLLECTD, metrics_text
from tests.metrics.full_status import full_status
from tests.package.conftest import ROOT

COLLECTOR = ROOT / "files/usr/lib/lua"
SCRIPT = ROOT / "files/usr/libexec/haven-collectd"
ACL = ROOT / "files/usr/share/acl.d/haven_acl.json"

# As the exporter calls a collector: two functions and a file that everybody knows.
EXPORTER = """
package.path = arg[1] .. "/?.lua"
package.preload["ubus"] = function()
	local connection = {
		call = function(_, object, method, arguments)
			assert(object == "haven" and method == "metrics" and next(arguments) == nil)
			return arg[2] and { text = io.open(arg[2]):read("*a") } or nil
		end,
		close = function() closed = true end,
	}
	return { connect = function() if arg[3] ~= "none" then return connection end end }
end
out = io.stdout
function metric(name, kind, labels, value)
	out:write("# TYPE ", name, " ", kind, "\\n", name, labels and "{?}" or "", " ", value, "\\n")
end
require("prometheus-collectors.haven").scrape()
assert(closed or arg[3] == "none")
"""


def scrape(folder: Path, *words: str) -> str:
    program = folder / "exporter.lua"
    program.write_text(EXPORTER)
    argv = ["lua5.1", str(program), str(COLLECTOR), *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_collector_tells_what_the_agent_does(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text(metrics_text(full_status()))
    assert scrape(tmp_path, str(text)) == text.read_text()


def test_without_an_agent_or_ubus_the_collector_says_so(tmp_path: Path) -> None:
    for words in ((), ("", "none")):
        assert scrape(tmp_path, *words) == "# TYPE haven_up gauge\nhaven_up 0\n"


UBUS = """#!/bin/sh
[ "$*" = '-t 5 call haven metrics {{"form":"collectd"}}' ] || exit 2
cat {folder}/answer
"""
# What jsonfilter does with this expression.
FILTER = """#!/bin/sh
[ "$*" = '-e @.text' ] || exit 2
exec python3 -c 'import json, sys; text = sys.stdin.read(); print(json.loads(text)["text"]) if text else 0'
"""


def test_the_script_gives_collectd_values_as_long_as_it_listens(tmp_path: Path) -> None:
    text = metrics_text(full_status(), COLLECTD)
    (tmp_path / "answer").write_text(json.dumps({"text": text}))
    for name, program in (("ubus", UBUS.format(folder=tmp_path)), ("jsonfilter", FILTER)):
        (tmp_path / name).write_text(program)
        (tmp_path / name).chmod(0o755)
    known = {"COLLECTD_HOSTNAME": "r1", "COLLECTD_INTERVAL": "1.000"}
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **known}
    child = subprocess.Popen(
        ["busybox", "sh", str(SCRIPT)], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _line in text.splitlines() * 2]
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    expected = [
        f'PUTVAL "r1/{series}" interval=1 {value}\n' for series, value in map(str.split, text.splitlines())
    ]
    assert lines == expected * 2


def test_nobody_may_call_that_method_and_no_other() -> None:
    found = json.loads(ACL.read_text())
    assert found == {"user": "nobody", "access": {"haven": {"methods": ["metrics"]}}}


CHARTS = ROOT / "files/www/luci-static/resources/statistics/rrdtool/definitions/haven.js"
# As luci-app-statistics asks a definition: for each plug-in instance, with the series that there are.
STATISTICS = """
const fs = require('node:fs');
const [ path, text ] = process.argv.slice(1);
const load = new Function('baseclass', '_', fs.readFileSync(path, 'utf8'));
const definition = load({ extend: (it) => it }, (words) => words);
const tree = JSON.parse(text);
const graph = { dataInstances: (host, plugin, instance, type) => (tree[instance] || {})[type] || [] };
console.log(JSON.stringify(Object.fromEntries(Object.keys(tree).map((instance) =>
	[ instance, definition.rrdargs(graph, 'r1', 'haven', instance) ]))));
"""


def test_each_series_of_collectd_is_in_a_chart_of_luci() -> None:
    tree: dict[str, dict[str, list[str]]] = {}
    for line in metrics_text(full_status(), COLLECTD).splitlines():
        plugin, _, series = line.split()[0].partition("/")
        kind, _, name = series.partition("-")
        tree.setdefault(plugin.removeprefix("haven").removeprefix("-"), {}).setdefault(kind, []).append(name)
    argv = ["node", "-e", STATISTICS, str(CHARTS), json.dumps(tree)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for instance, charts in json.loads(done.stdout).items():
        drawn = [pair for chart in charts for pair in _pairs(chart["data"]["instances"])]
        assert sorted(drawn) == sorted(_pairs(tree[instance]))


def _pairs(series: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(kind, name) for kind, names in series.items() for name in names]
