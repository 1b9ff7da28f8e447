"""One measured process.

Prepares the job in argv[1] (JSON), prints `ready`, then runs once for every line on standard input
and prints its times.
"""
import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

from ced import Ced, LogMel, mixup


def prepare(job):
    torch.manual_seed(1)
    device = "cuda" if job["device"] == "gpu" else "cpu"
    if device == "cuda":
        torch.set_default_device("cuda")  # raises where there is none
    batch, samples, config = job["batch"], job["samples"], job["config"]
    wave = torch.randint(-9000, 9000, (batch, samples)).float() / 32768
    front = LogMel()
    if job["measure"] == "frontend":
        return lambda: torch.inference_mode()(front)(wave)
    model = Ced(config, fused_attention=job["variant"] != "eager")
    if job["measure"] == "forward":
        model.eval()
        return lambda: torch.inference_mode()(lambda: model(front(wave)))()
    targets, weights = torch.rand(batch, config["outputdim"]), torch.rand(batch)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=job["variant"] != "eager")

    compiled = torch.compile(model) if job["variant"] == "compile" else model

    def step():
        adam.zero_grad()
        with torch.no_grad():
            mixed = mixup(front(wave), weights)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=job["precision"] == "bfloat16"):
            logits = compiled(mixed)
        loss = F.binary_cross_entropy_with_logits(logits.float(), mixup(targets, weights))
        loss.backward()
        adam.step()
        return loss.item()

    return step


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


job = json.loads(sys.argv[1])
prepared = prepare(job)


def run():
    prepared()
    if job["device"] == "gpu":
        torch.cuda.synchronize()


run()
run()
print("ready", flush=True)
for _ in sys.stdin:
    before, cpu_before = time.perf_counter(), cpu_seconds()
    run()
    seconds, cpu = time.perf_counter() - before, cpu_seconds() - cpu_before
    answer = {"ms": 1000 * seconds, "cpuMs": 1000 * cpu}
    print(json.dumps(answer), flush=True)
