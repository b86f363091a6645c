"""Faults that a real process is started with: put on its path, told by its environment, inherited by its workers.

FAULT_FULL_DISK_AFTER  bytes that the message store takes before the disk is full; FAULT_FULL_DISK_FILE counts them
FAULT_STUCK_PUT_FILE   the first process to put a fifth file at a file:// URL writes half of it, its id here, and no more
FAULT_CLOCK_FILE       holds seconds that Gatehouse's clock is off by; may change at any time
"""

import itertools
import os
import sys
import time
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder


def full_disk(module):
    limit, counter = int(os.environ["FAULT_FULL_DISK_AFTER"]), os.environ["FAULT_FULL_DISK_FILE"]
    write = module.Digesting.write

    def written(self, data):
        size = memoryview(data).nbytes
        # Appending is atomic, so that the workers share one disk.
        with open(counter, "ab") as file:
            file.write(b"x" * (size // 1024 + 1))
        if os.path.getsize(counter) * 1024 > limit:
            write(self, bytes(memoryview(data).cast("B")[: size // 2]))
            raise OSError(28, "No space left on device")
        return write(self, data)

    module.Digesting.write = written


def stuck_put(module):
    put, before = module.LocalFileSystem.put_file, itertools.count(1)

    def fifth_is_stuck(self, path1, path2, *rest, **named):
        if next(before) < 5 or os.path.exists(os.environ["FAULT_STUCK_PUT_FILE"]):
            return put(self, path1, path2, *rest, **named)
        told = os.open(os.environ["FAULT_STUCK_PUT_FILE"], os.O_CREAT | os.O_WRONLY)
        with open(path1, "rb") as whole, open(path2, "wb") as half:
            half.write(whole.read(os.path.getsize(path1) // 2))
        os.write(told, str(os.getpid()).encode())
        while True:
            time.sleep(1)

    module.LocalFileSystem.put_file = fifth_is_stuck


def jumping_clock(module):
    from datetime import timedelta

    right, path = module._clock, os.environ["FAULT_CLOCK_FILE"]

    def jumped():
        with open(path) as file:
            return right() + timedelta(seconds=float(file.read() or 0))

    module._clock = jumped


FAULTS = {}
if "FAULT_FULL_DISK_AFTER" in os.environ:
    FAULTS["onboarding.files"] = full_disk
if "FAULT_STUCK_PUT_FILE" in os.environ:
    FAULTS["fsspec.implementations.local"] = stuck_put
if "FAULT_CLOCK_FILE" in os.environ:
    FAULTS["onboarding.clock"] = jumping_clock


class Faulty(MetaPathFinder):
    """Breaks a module as soon as it has been imported."""

    def find_spec(self, name, path=None, target=None):
        if name not in FAULTS:
            return None
        spec = PathFinder.find_spec(name, path)
        fault, run = FAULTS.pop(name), spec.loader.exec_module

        def exec_module(module):
            run(module)
            fault(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Faulty())
