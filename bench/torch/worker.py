"""One measured process.

Prepares the job in argv[1] (JSON), prints `ready`, then runs once for every line on standard input
and prints its times.
"""
import json
import os
import resource
import sys
import time

import torch
from torch.nn import functional as F

from ced import Ced, LogMel, mixup


def audio(batch, samples, device):
    """A function that gives the same float batch; a GPU gets it from pinned memory each time."""
    pcm = torch.randint(-9000, 9000, (batch, samples), dtype=torch.int16, device="cpu")
    if device == "cpu":
        wave = pcm.float() / 32768
        return lambda: wave
    pinned = pcm.pin_memory()
    return lambda: pinned.to(device, non_blocking=True).float() / 32768


def predict(model, front, wave, precision):
    with torch.inference_mode():
        spectrogram = front(wave)
        enabled = precision == "bfloat16"
        with torch.autocast(wave.device.type, dtype=torch.bfloat16, enabled=enabled):
            return model(spectrogram)


def prepare(job):
    torch.manual_seed(1)
    device = "cuda" if job["device"] == "gpu" else "cpu"
    if device == "cuda":
        torch.set_default_device("cuda")  # raises where there is none
        if os.environ.get("CED_GPU_TF32") == "1":  # as our side rounds then
            torch.set_float32_matmul_precision("high")
    batch, samples, config = job["batch"], job["samples"], job["config"]
    waves = audio(batch, samples, device)
    front = LogMel()
    if job["measure"] == "frontend":
        return lambda: torch.inference_mode()(front)(waves())
    model = Ced(config, fused_attention=job["variant"] != "eager")
    if job["measure"] == "forward":
        model.eval()
        scores = torch.compile(model) if job["variant"] == "compile" else model
        return lambda: predict(scores, front, waves(), job["precision"])
    targets, weights = torch.rand(batch, config["outputdim"]), torch.rand(batch)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=job["variant"] != "eager")

    compiled = torch.compile(model) if job["variant"] == "compile" else model

    def step():
        adam.zero_grad()
        with torch.no_grad():
            mixed = mixup(front(waves()), weights)
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
