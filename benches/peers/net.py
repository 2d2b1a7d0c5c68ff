#!/usr/bin/env python3
"""Training steps of the net and of the sequence net against the same nets in PyTorch.

usage: net.py NET_STEPS_BINARY [THREADS]

Build the binary with `cargo build --release --example net_steps`; it lies in target/release/examples.
Needs torch. The shapes, the loss (QLIKE and nine pinball losses), AdamW with a cosine rate, the batches
and the check on the rows held out after every pass are those of the program. Rounds of both alternate,
and the medians are compared, on THREADS (default 1) threads. Prints the ratios of times of a step,
theirs over ours. Exit code 1 if the net is slower than PyTorch, or the sequence net than half of it.
"""
import json, math, os, statistics, subprocess, sys, time

THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 1
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)
import torch
from torch import nn
from torch.nn.functional import silu, softplus

torch.set_num_threads(THREADS)
torch.manual_seed(1)
BINARY, ROUNDS, PASSES = sys.argv[1], 5, {"net": 20, "sequence": 3}
LEVELS = torch.tensor([0.005, 0.01, 0.025, 0.05, 0.5, 0.95, 0.975, 0.99, 0.995])
PINBALL, LIMIT = 0.1, 6.0


class Tower(nn.Module):
    """Dense layers over blocks of neighbouring rows; with one block a row it is a plain net."""

    def __init__(self, shapes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in shapes)

    def forward(self, x):
        n = len(x)
        for layer in self.layers[:-1]:
            x = silu(layer(x.reshape(-1, layer.in_features)))
        return self.layers[-1](x.reshape(n, -1))


def log_variance(out, offset):
    return (out[:, 0] + offset).clamp(-LIMIT, LIMIT)


def loss(out, offset, target, ret):
    lv = log_variance(out, offset)
    z = ret * (-0.5 * lv.detach()).exp()
    steps = softplus(out[:, 2:])
    low, high = steps[:, :4].flip(1).cumsum(1).flip(1), steps[:, 4:].cumsum(1)
    median = out[:, 1:2]
    error = z[:, None] - torch.cat([median - low, median, median + high], 1)
    pinball = torch.maximum(LEVELS * error, (LEVELS - 1) * error)
    return (target * (-lv).exp() + lv).mean() + PINBALL * pinball.sum(1).mean()


def theirs(run):
    first = run["layers"][0][0] if run["model"] == "net" else 192 * 4
    rows, held, batch = run["rows"], run["held"], run["batch"]
    z, offset = torch.randn(rows + held, first), 0.1 * torch.randn(rows + held)
    target = torch.exp(0.5 * torch.randn(rows + held))
    ret = torch.randn(rows + held)
    net = Tower(run["layers"])
    adam = torch.optim.AdamW(net.parameters(), 2e-3, eps=1e-8, weight_decay=1e-2)
    done, start = 0, time.perf_counter()
    for _ in range(run["passes"]):
        order = torch.randperm(rows)
        for at in range(0, rows - batch + 1, batch):
            pick = order[at : at + batch]
            for group in adam.param_groups:
                group["lr"] = 1e-3 * (1 + math.cos(math.pi * done / run["steps"]))
            adam.zero_grad()
            loss(net(z[pick]), offset[pick], target[pick], ret[pick]).backward()
            adam.step()
            done += 1
        with torch.no_grad():
            lv = log_variance(net(z[rows:]), offset[rows:])
            (target[rows:] * (-lv).exp() + lv).mean().item()
    return (time.perf_counter() - start) / done


bad = 0
for model, least in (("net", 1.0), ("sequence", 0.5)):
    ours, peers = [], []
    for _ in range(ROUNDS):
        env = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
        run = subprocess.run([BINARY, model, str(PASSES[model])], check=True, capture_output=True, text=True, env=env)
        run = json.loads(run.stdout)
        ours.append(run["seconds"])
        peers.append(theirs(run))
    a, b = statistics.median(ours), statistics.median(peers)
    bad |= b / a < least
    print(f"{model} {run['layers']}: a step of {run['batch']} rows, {THREADS} thread(s): ours {1e3 * a:.2f} ms, PyTorch {1e3 * b:.2f} ms, ratio {b / a:.2f}")
sys.exit(int(bad))
