#!/usr/bin/env python3
"""GARCH(1,1) fits per second, and likelihoods, against the Python package arch.

usage: garch.py GARCH_FITS_BINARY [SERIES] [normal|student] [zero|constant]

Build the binary with `cargo build --release --example garch_fits`; it lies in target/release/examples.
Needs numpy and arch. Simulates SERIES (default 200) series of 2,000 returns with known coefficients,
fits each on one thread with both programs, and prints the ratio of fits per second of processor time
(ours with the start of the process) and on how many series our likelihood is lower than arch's by
more than 0.001. Exit code 1 if any is, or the ratio is
below 10.
"""
import json, os, resource, subprocess, sys, tempfile, time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import numpy as np
from arch import arch_model

BINARY = sys.argv[1]
SERIES = int(sys.argv[2]) if len(sys.argv) > 2 else 200
INNOVATION = sys.argv[3] if len(sys.argv) > 3 else "normal"
MEAN = sys.argv[4] if len(sys.argv) > 4 else "zero"


def simulate(rng, rows=2000, burn=500):
    alpha, persistence, nu = rng.uniform(0.02, 0.2), rng.uniform(0.85, 0.998), rng.uniform(4, 15)
    omega, beta = 1 - persistence, persistence - alpha
    z = rng.standard_t(nu, rows + burn) * np.sqrt((nu - 2) / nu)
    r, s = np.empty(rows + burn), 1.0
    for t in range(rows + burn):
        r[t] = np.sqrt(s) * z[t]
        s = omega + alpha * r[t] ** 2 + beta * s
    return r[burn:]


rng = np.random.default_rng(20260101)
series = [simulate(rng) for _ in range(SERIES)]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "series.f64")
    np.asarray(series, "<f8").tofile(path)
    run = subprocess.run([BINARY, path, "2000", INNOVATION, MEAN], check=True, capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
ours, our_seconds = json.loads(run.stdout), used.ru_utime + used.ru_stime

start, theirs = time.process_time(), []
dist = {"normal": "normal", "student": "t"}[INNOVATION]
for r in series:
    model = arch_model(r, mean=MEAN.capitalize(), vol="GARCH", p=1, q=1, dist=dist, rescale=False)
    theirs.append(model.fit(disp="off", show_warning=False).loglikelihood)
seconds = time.process_time() - start

gap = np.array(ours["loglik"]) - np.array(theirs)
ratio = seconds / our_seconds
print(f"{SERIES} series of 2000, {INNOVATION}, mean {MEAN}, one thread, processor time")
print(f"ours {SERIES / our_seconds:.0f} fits/s, arch {SERIES / seconds:.0f} fits/s, ratio {ratio:.1f}")
print(f"ours lower by more than 0.001: {(gap < -1e-3).sum()}, higher: {(gap > 1e-3).sum()}, worst {gap.min():.5f}, best {gap.max():.3f}")
print(f"ours not converged: {ours['unconverged']}")
sys.exit(int((gap < -1e-3).any() or ratio < 10))
