# SPDX-License-Identifier: GPL-2.0-or-later
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# OpenWrt 24.10 and 25.12 ship this release; the plan is compiled by both.
OLD_PYROUTE2 := 0.7.9
OLD_VENV := .venv-pyroute2-$(OLD_PYROUTE2)
# What the demo shows needs no browser and no tools.
DEMO_VENV := .venv-demo
# What LuCI checks its own pages with, and no other release of it.
ESLINT := $(VENV)/eslint
ESLINT_PACKAGES := eslint@9.39.2 @eslint/js@9.39.2 globals@17.3.0
# What the pages are held to by who does not see them, or has no mouse.
AXE := $(VENV)/axe
AXE_PACKAGE := axe-core@4.14.1
# How often bench-conntrack lets each thing happen.
RUNS ?= 5
# How long bench-heartbeat watches under each condition.
MINUTES ?= 10
# Networks whose seeds follow from the code: what fails, fails again. Then so many seconds of others, each time.
NETWORKS ?= 600
SIMULATED ?= 20
# Thousands of programs start in the tests: where the environment keeps Python from writing bytecode, each would
# compile haven and its tests anew.
export PYTHONDONTWRITEBYTECODE :=
# Routers mostly wait for each other: several tests at once cost little and save minutes.
SIDE_BY_SIDE := -n 3 --dist load
SHELL_SCRIPTS := .ci/run tests/setup.sh tests/machines/pythons.sh files/etc/init.d/haven files/usr/libexec/haven-collectd openwrt-feed/luci-app-haven/root/usr/libexec/rpcd/luci.haven \
	$(wildcard openwrt-feed/haven-micro/files/etc/init.d/* openwrt-feed/haven-micro/files/usr/*/* files/etc/uci-defaults/* openwrt-feed/*/*inst openwrt-feed/*/*rm openwrt-feed/*/test.sh openwrt-feed/*/files/etc/uci-defaults/*)
LUA_SOURCES := $(shell find luasrc files tests -name '*.lua')

# What is built without OpenWrt's SDK, and where the secret keys of the feed are kept.
PACKAGES := haven luci-app-haven luci-app-haven-classic $(notdir $(wildcard openwrt-feed/luci-i18n-haven-*)) haven-micro
KEYS ?= $(HOME)/.haven-feed

.PHONY: help setup demo test test-core test-micropython test-simulation test-units test-plan test-lab test-arch test-vm test-interop \
	test-package test-luci lint po ipk apk feed dist docs man clean \
	$(shell sed -n 's/^\(bench[a-z-]*\):.*/\1/p' Makefile)

help:
	@echo "make setup            make .venv with haven, MicroPython and the tools; installs Debian packages for the tests"
	@echo "make demo             two routers in namespaces: cut the power of one and watch (root); needs little"
	@echo "make test             everything below (root)"
	@echo "make test-core        the protocol core, with its branch coverage"
	@echo "make test-micropython the core and the option table under MicroPython"
	@echo "make test-simulation  whole networks (NETWORKS=600), and others each time (SIMULATED=20 seconds)"
	@echo "make test-units       configuration, contract, plan, command, daemon, agent, replication, structure"
	@echo "make test-plan        the plan's tests with pyroute2 $(OLD_PYROUTE2)"
	@echo "make test-lab         real routers in network namespaces (root)"
	@echo "make test-arch        what must not depend on the processor, by other processors' Pythons (HAVEN_PYTHONS)"
	@echo "make test-vm          every kind of device and link, on a kernel that has them (root; HAVEN_VM, 30 minutes)"
	@echo "make test-interop     against Debian's keepalived (root)"
	@echo "make test-package     the package for OpenWrt, without OpenWrt (root)"
	@echo "make test-luci        the pages of LuCI in Chromium, with what real nodes tell (root)"
	@echo "make lint             ruff, mypy, shellcheck, luacheck, eslint"
	@echo "make docs             write docs/config.md and docs/sync.md anew from their tables"
	@echo "make man              manual pages, and completion for zsh and fish: dist/share, for /usr/local/share"
	@echo "make po               bring the translations in line with what the pages say"
	@echo "make ipk              dist/haven_VERSION_all.ipk and the pages, which opkg installs"
	@echo "make apk              dist/haven-VERSION.apk and the pages, which apk installs"
	@echo "make feed             dist/feed, all of it signed, for a web server (KEYS=~/.haven-feed)"
	@echo "make dist             dist/haven-VERSION.tar.xz, which OpenWrt's SDK builds from, and its hash"
	@echo "make bench            side by side with keepalived (root, about 15 minutes)"
	@echo "make bench-leases     DHCP leases through twenty power cuts (root, about 10 minutes)"
	@echo "make bench-heartbeat  whether a living router is taken for dead: load, losses (root, 35 minutes; MINUTES=10)"
	@echo "make bench-micro      havend on MicroPython, beside the one on CPython (root, about 15 minutes; HAVEN_MICROPYTHON)"
	@echo "make bench-carp       CARP beside ucarp: twenty power cuts and stops in each role (root, 35 minutes)"
	@echo "make bench-bfd        BFD with FRR's bfdd and with BIRD: detection, and load (root, 25 minutes; MINUTES=10)"
	@echo "make bench-doctor     doctor: each fault once, and a sound pair fifty times (root, 15 minutes)"
	@echo "make bench-drill      drills: 20 of each kind, 20 killed in the midst, a week of nights (root, 45 minutes)"
	@echo "make bench-attack     ten minutes of an attacker on the LAN, everything in turn (root)"
	@echo "make bench-auth       what signatures cost; altered and recorded words; keys that come under load (root, 10 minutes)"
	@echo "make bench-slow       a router as slow as this machine, or that of HAVEN_VM (root, 90 minutes)"
	@echo "make bench-start      what the package takes: flash, memory, time from the start to Backup (root)"
	@echo "make bench-vpn        OpenVPN's clients through ten power cuts (root, about 15 minutes)"
	@echo "make bench-wan        a WAN by DHCP, beside one of fixed addresses (root, about 15 minutes)"
	@echo "make bench-many       2, 4, 8 routers with 1 to 1000 virtual ones, a table and docs/img/many.svg (root, 25 minutes)"
	@echo "make bench-many-chaos eight routers through fifty deaths, splits and returns, twice (root, about 10 minutes)"
	@echo "make bench-routed     a client three hops away, with BIRD and FRR, OSPF and BGP (root, about 15 minutes)"
	@echo "make bench-conntrack  connections, beside keepalived and conntrackd (root, about 25 minutes; RUNS=5)"

# Programs of haven never write bytecode themselves, and are started by what has imported only some of it.
setup: $(VENV)/ready
	$(BIN)/python -m compileall -q src

$(VENV)/ready: pyproject.toml tests/setup.sh
	sh tests/setup.sh demo tests
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

$(DEMO_VENV)/ready: pyproject.toml tests/setup.sh
	sh tests/setup.sh demo
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/pip install --quiet --editable .
	touch $@

$(OLD_VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(OLD_VENV)
	$(OLD_VENV)/bin/pip install --quiet pyroute2==$(OLD_PYROUTE2) jinja2 pytest hypothesis
	touch $@

$(ESLINT)/ready: Makefile | $(VENV)/ready
	npm install --prefix $(ESLINT) --no-audit --no-fund --silent $(ESLINT_PACKAGES)
	touch $@

$(AXE)/ready: Makefile | $(VENV)/ready
	npm install --prefix $(AXE) --no-audit --no-fund --silent $(AXE_PACKAGE)
	touch $@

demo: $(DEMO_VENV)/ready
	$(DEMO_VENV)/bin/python -m tests.lab.demo

test: lint test-core test-micropython test-simulation test-units test-plan test-lab test-interop test-package test-luci

test-core: setup
	$(BIN)/coverage run --branch --source=src/haven/core -m pytest -q tests/core tests/scenarios
	$(BIN)/coverage report --fail-under=98 --show-missing --skip-covered

test-micropython: setup
	$${HAVEN_MICROPYTHON:-$(BIN)/micropython} -X heapsize=24m tests/micropython.py

# A finding among the new ones names its seed and is a bug to mend, but not of the change that happens to be tested.
test-simulation: setup
	$(BIN)/python -m tests.simulation --networks $(NETWORKS)
	-$(BIN)/python -m tests.simulation --new --seconds $(SIMULATED)

test-units: setup
	$(BIN)/pytest -q $(SIDE_BY_SIDE) tests/config tests/contract tests/plan tests/cli tests/setup \
		tests/havend tests/agent tests/bus tests/peers tests/sync tests/upgrade tests/metrics tests/doctor tests/structure \
		tests/machines tests/drill tests/history tests/migration

test-plan: setup $(OLD_VENV)/ready
	$(OLD_VENV)/bin/pytest -q tests/plan

test-lab: setup
	$(BIN)/pytest -q -n 5 --dist load tests/lab

# The Pythons of other processors: sh tests/machines/pythons.sh ~/.haven-pythons, or HAVEN_PYTHONS=FOLDER.
test-arch: setup
	$(BIN)/python -m tests.machines.arch

# HAVEN_VM: a program that runs a command on a kernel with VLANs, bonds, netem and WireGuard, started for it, such
# as tests/machines/kernel.sh.
test-vm: setup
	HAVEN_VM_APPEND=ipv6.disable=1 $$HAVEN_VM $(BIN)/pytest -q tests/vm/test_lacks.py
	$$HAVEN_VM $(BIN)/pytest -q tests/vm --ignore tests/vm/test_lacks.py

test-interop: setup
	$(BIN)/pytest -q $(SIDE_BY_SIDE) tests/interop

test-package: setup
	$(BIN)/pytest -q -n 3 --dist loadfile -rs tests/package tests/openwrt

test-luci: setup $(AXE)/ready
	$(BIN)/pytest -q -n 3 --dist loadfile tests/luci

lint: setup $(ESLINT)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src tests bench openwrt-feed
	$(BIN)/mypy
	shellcheck $(SHELL_SCRIPTS)
	luac5.1 -p $(LUA_SOURCES)
	luacheck --quiet --std lua51 $(LUA_SOURCES)
	NODE_PATH=$(ESLINT)/node_modules $(ESLINT)/node_modules/.bin/eslint \
		--config tests/luci/eslint.config.cjs --max-warnings 0 files/www tests/luci/runtime

ipk:
	for name in $(PACKAGES); do $(PYTHON) openwrt-feed/ipk.py $$name || [ $$? = 69 ] || exit; done

apk:
	for name in $(PACKAGES); do $(PYTHON) openwrt-feed/apk.py $$name || [ $$? = 69 ] || exit; done

feed:
	$(PYTHON) openwrt-feed/feed.py dist/feed $(KEYS) $(PACKAGES)

dist:
	$(PYTHON) openwrt-feed/dist.py

po: setup
	$(BIN)/python -m haven.openwrt.catalogue javascript >files/www/luci-static/resources/haven/catalogue.js
	$(BIN)/python -m haven.openwrt.catalogue lua >luasrc/haven/catalogue.lua
	$(BIN)/python openwrt-feed/po.py

docs: setup
	$(BIN)/python -m haven.config.reference docs/config.md
	$(BIN)/python -m haven.sync.manual docs/sync.md

man: setup
	mkdir -p dist/share/man/man1 dist/share/man/man8 dist/share/zsh/site-functions dist/share/fish/vendor_completions.d
	$(BIN)/python openwrt-feed/manual_pages.py dist/share/man/man8
	mv dist/share/man/man8/*.1 dist/share/man/man1
	$(BIN)/python -m haven.cli.completion zsh >dist/share/zsh/site-functions/_haven
	$(BIN)/python -m haven.cli.completion fish >dist/share/fish/vendor_completions.d/haven.fish

bench: setup
	$(BIN)/python -m bench

# WireGuard: `python -m bench wireguard`, by the kernel where it has it, else by wireguard-go; `wireguard-netifd` by
# an interface of netifd's.
bench-vpn: setup
	$(BIN)/python -m bench --runs 10 vpn vpn-ways

# By PPPoE: `python -m bench wan-pppoe` on a kernel that has PPP, with the packages ppp and pppoe.
bench-wan: setup
	$(BIN)/python -m bench --runs 3 wan-dhcp

bench-conntrack: setup
	$(BIN)/python -m bench --runs $(RUNS) conntrack

bench-leases: setup
	$(BIN)/python -m bench --runs 20 leases

bench-heartbeat: setup
	$(BIN)/python -m bench --minutes $(MINUTES) heartbeat

# With a build that has ffi, as OpenWrt's: HAVEN_MICROPYTHON=PATH.
bench-micro: setup
	$(BIN)/python -m bench --runs 10 micro

bench-carp: setup
	$(BIN)/python -m bench --runs 20 carp

bench-bfd: setup
	$(BIN)/python -m bench --runs 10 --minutes $(MINUTES) bfd

bench-auth: setup
	$(BIN)/python -m bench --runs 3 auth

bench-many: setup
	$(BIN)/python -m bench --runs 1 many

bench-many-chaos: setup
	$(BIN)/python -m bench --runs 1 many-chaos

bench-routed: setup
	$(BIN)/python -m bench --runs 5 routed

bench-doctor: setup
	$(BIN)/python -m bench doctor

bench-drill: setup
	$(BIN)/python -m bench --runs 5 drill drill-kills
	$(BIN)/python -m bench --runs 7 drill-nights

bench-attack: setup
	$(BIN)/python -m bench attack

# On a machine of one processor and little memory, such as a virtual one: HAVEN_VM.
bench-slow: setup
	$$HAVEN_VM $(BIN)/python -m bench --runs 20 --minutes 20 slow

bench-start: setup
	$(BIN)/python -m bench --runs 15 start size resident

clean:
	rm -rf $(VENV) $(OLD_VENV) $(DEMO_VENV) build dist .coverage .pytest_cache .mypy_cache .ruff_cache
