"""Measures aiodiskdb as packages/bench/src measures the others, and prints what it measured as JSON.

One argument, a JSON object: kind ('ingest' or 'mixed'), directory, least and most (bytes of an item), ms, and the most items to ingest (count).
"""

import asyncio
import json
import os
import random
import resource
import sys
import time

from aiodiskdb import AioDiskDB

POOL_BYTES = 8 * 1024 * 1024
READERS = 8
OPERATIONS_A_TURN = 8
# What its own benchmark of small items takes; its default otherwise. A little more, as it waits for ever where items fill a file exactly.
SMALL_FILES_MIB = 16 + 1 / 2048
FILES_MIB = 128 + 1 / 2048


class Lateness:
    """How late the event loop is, looked at every millisecond."""

    def __init__(self):
        self.late = []

    async def watch(self):
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            self.late.append(max(0.0, (time.perf_counter() - start) * 1000 - 1))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def items(least, most):
    generator = random.Random(0x5EED)
    pool = generator.randbytes(max(POOL_BYTES, most * 4))
    while True:
        size = generator.randint(least, most)
        at = generator.randrange(len(pool) - size)
        yield pool[at : at + size]


async def opened(task):
    db = AioDiskDB(
        os.path.join(task['directory'], 'aiodiskdb'),
        create_if_not_exists=True,
        max_file_size=SMALL_FILES_MIB if task['most'] <= 4096 else FILES_MIB,
    )
    # Older versions call it run. The task must be held on to, or it may be collected.
    running = asyncio.get_running_loop().create_task(db.start() if hasattr(db, 'start') else db.run())
    while not db.running:
        if running.done():
            running.result()
            raise RuntimeError('it ended as soon as it was started')
        await asyncio.sleep(0.001)
    return db, running


async def ingest(db, task, source):
    taken = 0
    written = 0
    end = time.perf_counter() + task['ms'] / 1000
    while taken < task['count'] and time.perf_counter() < end:
        item = next(source)
        taken += 1
        await db.add(item)
        written += len(item)
        # An add that has room does not let the event loop turn, and what writes to the disk would not run.
        if taken % OPERATIONS_A_TURN == 0:
            await asyncio.sleep(0)
    # It can't be asked to sync, nor to flush: to stop is what comes nearest.
    await db.stop()
    return {'items': taken, 'bytes': written}


async def mixed(db, task, source, latencies):
    added = []
    written = 0
    reads = 0
    end = time.perf_counter() + task['ms'] / 1000

    async def write():
        nonlocal written
        while time.perf_counter() < end or not added:
            item = next(source)
            added.append(await db.add(item))
            written += len(item)
            if len(added) % OPERATIONS_A_TURN == 0:
                await asyncio.sleep(0)

    async def read():
        nonlocal reads
        while time.perf_counter() < end:
            if added:
                location = random.choice(added)
                start = time.perf_counter()
                item = await db.read(location)
                latencies.append((time.perf_counter() - start) * 1000)
                if len(item) != location.size:
                    raise RuntimeError(f'an item of {location.size} bytes was read as {len(item)} bytes')
                reads += 1
            if not added or reads % OPERATIONS_A_TURN == 0:
                await asyncio.sleep(0)

    await asyncio.gather(write(), *(read() for _ in range(READERS)))
    return {'items': len(added), 'bytes': written, 'reads': reads}


async def measure(task):
    source = items(task['least'], task['most'])
    next(source)
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lateness = Lateness()
    latencies = []
    db, running = await opened(task)
    watching = asyncio.get_running_loop().create_task(lateness.watch())
    cpu = time.process_time()
    start = time.perf_counter()
    done = await (ingest(db, task, source) if task['kind'] == 'ingest' else mixed(db, task, source, latencies))
    ms = (time.perf_counter() - start) * 1000
    cpu_ms = (time.process_time() - cpu) * 1000
    watching.cancel()
    if task['kind'] == 'mixed':
        await db.stop()
    await running
    measured = {
        **done,
        'ms': ms,
        'cpuMs': cpu_ms,
        'loopDelayP99Ms': percentile(lateness.late, 0.99),
        'peakBytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        'idleBytes': idle,
    }
    if latencies:
        measured['latency'] = {'p50': percentile(latencies, 0.5), 'p99': percentile(latencies, 0.99), 'max': max(latencies)}
    return measured


print(json.dumps(asyncio.run(measure(json.loads(sys.argv[1])))))
