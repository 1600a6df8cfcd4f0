"""kazoo as one of a mixed company: company.py host:port session-seconds.

It is told by lines of JSON what to do with which tool, {"id": 1, "tool": "a", "what": "acquire"}, and answers each by
{"id": 1, "answer": ...} or {"id": 1, "error": ...}. What one tool is told, it does in one thread, one after the other.
"""
import json
import os
import queue
import sys
import threading
import uuid

from kazoo.client import KazooClient
from kazoo.recipe.lock import Lock, ReadLock, WriteLock

WAIT_S = 60
saying = threading.Lock()


class CuratorsLock(Lock):
    """A lock whose znodes are called as Curator calls its own, so that Curator finds them in line."""

    _NODE_NAME = "-lock-"
    _EXCLUDE_NAMES = ["-lock-"]


class Room:
    """A directory guarded by a lock of several programs: see CompanyRoom.java."""

    def __init__(self, told):
        self.path = told["room"]
        self.kind = told["as"]
        self.shares_max = told.get("limit", sys.maxsize)

    def visit(self):
        own = os.path.join(self.path, "%s-%s" % (self.kind, uuid.uuid4()))
        open(own, "x").close()
        self.look()
        if self.kind == "exclusive":
            self.count()
        self.look()
        os.unlink(own)

    def look(self):
        inside = os.listdir(self.path)
        alone = sum(name.startswith("exclusive-") for name in inside)
        shared = sum(name.startswith("shared-") for name in inside)
        if not (shared <= self.shares_max if alone == 0 else alone == 1 and shared == 0):
            met = "met-%s-%d-%d-%s" % (self.kind, alone, shared, uuid.uuid4())
            open(os.path.join(self.path, met), "x").close()

    def count(self):
        path = os.path.join(self.path, "count")
        with open(path) as file:
            before = int(file.read())
        with open(path, "w") as file:
            file.write(str(before + 1))


class Held:
    """What can be had and given back, and had in turns with others."""

    def __init__(self, make):
        self.make = make
        self.held = []

    def acquire(self, told=None):
        one = self.make()
        one.acquire()
        self.held.append(one)

    def release(self, told=None):
        self.held.pop(0).release()

    def rounds(self, told):
        room = Room(told)
        for _ in range(told["rounds"]):
            self.acquire()
            room.visit()
            self.release()

    def contenders(self, told):
        return self.make().contenders()


class Party:
    def __init__(self, party):
        self.party = party

    def join(self, told):
        self.party.join()

    def members(self, told):
        return sorted(self.party)

    def leave(self, told):
        self.party.leave()


class Counter:
    def __init__(self, counter):
        self.counter = counter

    def get(self, told):
        return self.counter.value

    def increments(self, told):
        for _ in range(told["rounds"]):
            self.counter += 1


class Queue:
    def __init__(self, entries):
        self.entries = entries

    def put(self, told):
        self.entries.put(told["data"].encode(), priority=told.get("priority", 100))

    def take(self, told):
        value = self.entries.get(timeout=told.get("seconds", WAIT_S))
        return None if value is None else value.decode()

    def done(self, told):
        return self.entries.consume()

    def give_back(self, told):
        return self.entries.release()

    def drain(self, told):
        taken = []
        while True:
            value = self.entries.get(timeout=told["seconds"])
            if value is None:
                return taken
            if self.entries.consume():
                taken.append(value.decode())


class Barrier:
    def __init__(self, barrier):
        self.barrier = barrier

    def close(self, told):
        self.barrier.create()

    def open_up(self, told):
        self.barrier.remove()

    def wait(self, told):
        return self.barrier.wait(WAIT_S)


class DoubleBarrier:
    def __init__(self, barrier):
        self.barrier = barrier

    def enter(self, told):
        self.barrier.enter()
        return self.barrier.participating

    def leave(self, told):
        self.barrier.leave()
        return True


def opened(client, told):
    path = told["path"]
    patterns = told.get("patterns", [])
    kinds = {
        "mutex": lambda: Held(lambda: Lock(client, path, "kazoo", extra_lock_patterns=patterns)),
        "curators_mutex": lambda: Held(lambda: CuratorsLock(client, path, "kazoo")),
        "readers": lambda: Held(lambda: ReadLock(client, path, "kazoo", extra_lock_patterns=patterns)),
        "writers": lambda: Held(lambda: WriteLock(client, path, "kazoo", extra_lock_patterns=patterns)),
        "semaphore": lambda: Held(lambda: client.Semaphore(path, "kazoo", max_leases=told["limit"])),
        "group": lambda: Party(client.Party(path, told["name"])),
        "counter": lambda: Counter(client.Counter(path)),
        "queue": lambda: Queue(client.LockingQueue(path)),
        "barrier": lambda: Barrier(client.Barrier(path)),
        "double_barrier": lambda: DoubleBarrier(client.DoubleBarrier(path, told["size"])),
    }
    return kinds[told["kind"]]()


def say(**line):
    with saying:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def serve(client, told_lines):
    tool = None
    while True:
        told = told_lines.get()
        try:
            answer = None
            if told["what"] == "open":
                tool = opened(client, told)
            else:
                answer = getattr(tool, told["what"])(told)
            say(id=told["id"], answer=answer)
        except Exception as error:
            say(id=told["id"], error=repr(error))


def main():
    client = KazooClient(hosts=sys.argv[1], timeout=float(sys.argv[2]))
    client.start()
    say(ready=True)
    tools = {}
    for line in sys.stdin:
        told = json.loads(line)
        if told["tool"] not in tools:
            tools[told["tool"]] = queue.Queue()
            threading.Thread(target=serve, args=(client, tools[told["tool"]]), daemon=True).start()
        tools[told["tool"]].put(told)


main()
