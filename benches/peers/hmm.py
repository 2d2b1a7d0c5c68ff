#!/usr/bin/env python3
"""EM steps of a Gaussian hidden Markov model per second against the Python package hmmlearn.

usage: hmm.py HMM_FITS_BINARY [SERIES] [STATES]

Build the binary with `cargo build --release --example hmm_fits`; it lies in target/release/examples.
Needs numpy and hmmlearn. Simulates SERIES (default 10) series of 5,000 rows from STATES (default 4)
states, runs 50 EM steps on each from the same start on one thread with both programs, and prints the
ratio of times of the fits and the worst relative difference of log-likelihoods. Exit code 1 if that
exceeds 1e-9 or the ratio is below 5.
"""
import json, os, subprocess, sys, tempfile, time, warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import logging
import numpy as np
from hmmlearn.hmm import GaussianHMM

logging.getLogger("hmmlearn").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")
BINARY = sys.argv[1]
SERIES = int(sys.argv[2]) if len(sys.argv) > 2 else 10
K = int(sys.argv[3]) if len(sys.argv) > 3 else 4
ROWS, STEPS = 5000, 50

rng = np.random.default_rng(20260102)


def simulate():
    stay, s, x = 0.97, 0, np.empty(ROWS)
    means = 1.2 * (np.arange(K) - (K - 1) / 2)
    for t in range(ROWS):
        if rng.random() > stay:
            s = rng.integers(K)
        x[t] = means[s] + 0.7 * rng.standard_normal()
    return x


series = [simulate() for _ in range(SERIES)]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "series.f64")
    np.asarray(series, "<f8").tofile(path)
    run = subprocess.run([BINARY, path, str(ROWS), str(K), str(STEPS)], check=True, capture_output=True, text=True)
ours = json.loads(run.stdout)

start, theirs = time.perf_counter(), []
for x in series:
    model = GaussianHMM(K, "diag", n_iter=STEPS, tol=-np.inf, init_params="")
    model.startprob_ = np.full(K, 1 / K)
    model.transmat_ = np.where(np.eye(K) == 1, 0.9, 0.1 / (K - 1))
    model.means_ = np.arange(K)[:, None] - (K - 1) / 2
    model.covars_ = np.ones((K, 1))
    model.fit(x[:, None])
    theirs.append(model.score(x[:, None]))
seconds = time.perf_counter() - start

gap = np.abs(np.array(ours["loglik"]) / np.array(theirs) - 1).max()
ratio = seconds / ours["seconds"]
print(f"{SERIES} series of {ROWS}, {K} states, {STEPS} EM steps each, one thread")
print(f"ours {SERIES * STEPS / ours['seconds']:.0f} steps/s, hmmlearn {SERIES * STEPS / seconds:.0f} steps/s, ratio {ratio:.1f}, log-likelihoods within {gap:.1e}")
sys.exit(int(gap > 1e-9 or ratio < 5))
