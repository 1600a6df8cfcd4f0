"""pytest plugin: kazoo's own tests against servers that our test runner has started.

KAZOO_ADDRESSES are the servers, with commas between; KAZOO_CASES names the tests to run, one a line. Each outcome is
written to standard output as a line of JSON, and the runner is asked there to stop and start a server (see
foreign-cases.ts).
"""
import gc
import json
import os
import sys
import types
import unittest.mock

# What kazoo's tests import and Debian does not have: `mock` is an old name, of `objgraph` they want one function.
sys.modules.setdefault("mock", unittest.mock)
objgraph = types.ModuleType("objgraph")
objgraph.count = lambda name, objects=None: sum(
    type(o).__name__ == name for o in (gc.get_objects() if objects is None else objects))
sys.modules.setdefault("objgraph", objgraph)

import kazoo.testing.harness as harness  # noqa: E402

# pytest captures the standard streams of each test; these are the runner's.
told = os.fdopen(os.dup(0), "r")
tell = os.fdopen(os.dup(1), "w")

CHOSEN = frozenset(os.environ["KAZOO_CASES"].splitlines())


def say(**line):
    # A line of its own, whatever pytest has written before it.
    tell.write("\n" + json.dumps(line) + "\n")
    tell.flush()


def ask(what, address):
    say(engine=what, at=address)
    told.readline()


class Server:
    """What kazoo's harness knows of a server."""

    def __init__(self, address):
        self.address = address
        self.running = True

    def run(self):
        ask("start", self.address)
        self.running = True

    def stop(self):
        self.running = False
        ask("stop", self.address)


class Cluster(list):
    def start(self):
        for server in self:
            server.run()


cluster = Cluster(Server(address) for address in os.environ["KAZOO_ADDRESSES"].split(","))
harness.get_global_cluster = lambda: cluster


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if item.nodeid not in CHOSEN]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item.nodeid in CHOSEN]
    for name in CHOSEN - {item.nodeid for item in items}:
        say(case=name, why="kazoo has no such test")


failures = {}


def pytest_runtest_logreport(report):
    name = report.nodeid
    if not report.passed:
        failures.setdefault(name, "%s in %s: %s" % (report.outcome, report.when, report.longrepr))
    if report.when == "teardown":
        say(case=name, **({"why": failures[name]} if name in failures else {}))
