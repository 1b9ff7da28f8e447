"""A link that delays and loses frames, for kernels without `tc netem`.

Makes two TAP devices and passes frames between them, until standard input ends:
OUTSIDE stays here, INSIDE goes to the network namespace. Delay and loss hold each way.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 2, 0x1000


def tap(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return device


def frames(device):
    try:
        while True:
            yield os.read(device, 65536)
    except OSError:
        return  # nothing waits, or the namespace has gone


def main(outside, inside, namespace, delay_ms, loss_percent):
    ends = tap(outside), tap(inside)
    subprocess.run(["ip", "link", "set", inside, "netns", namespace], check=True)
    print("ready", flush=True)
    waiting, count, losses = [], 0, random.Random(1)
    while True:
        first = waiting[0][0] - time.monotonic() if waiting else None
        readable, _, _ = select.select([*ends, 0], [], [], None if first is None else max(0, first))
        if 0 in readable and not os.read(0, 1):
            return
        for device in readable:
            if device == 0:
                continue
            to = ends[0] if device == ends[1] else ends[1]
            for frame in frames(device):
                if losses.random() * 100 < float(loss_percent):
                    continue
                count += 1
                due = time.monotonic() + float(delay_ms) / 1000
                heapq.heappush(waiting, (due, count, to, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(waiting)
            try:
                os.write(to, frame)
            except OSError:
                pass  # a full queue loses frames, as on any link


main(*sys.argv[1:])
