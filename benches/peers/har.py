#!/usr/bin/env python3
"""Rolling refits of HAR against the Python package statsmodels.

usage: har.py HAR_REFITS_BINARY [ROWS]

Build the binary with `cargo build --release --example har_refits`; it lies in target/release/examples.
Needs numpy, pandas and statsmodels. Simulates ROWS (default 5,000) days of realised variance, refits
HAR (1, 5, 22 days) at every day over the last 1,000, and prints the ratio of times to statsmodels'
RollingOLS (which updates its sums too, coefficients only) and to one OLS fit per day, and the worst
relative difference of coefficients. Exit code 1 if that exceeds 1e-8 or the ratio to RollingOLS is
below 20.
"""
import json, os, subprocess, sys, tempfile, time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import numpy as np
import statsmodels.api as sm
from statsmodels.regression.rolling import RollingOLS

BINARY = sys.argv[1]
ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
WINDOW = 1000

rng = np.random.default_rng(20260103)
ln = np.zeros(ROWS + 23)
for t in range(1, len(ln)):
    ln[t] = 0.97 * ln[t - 1] + 0.25 * rng.standard_normal()
rv = np.exp(ln + 0.4 * rng.standard_normal(len(ln)))
lag = lambda k: np.convolve(rv, np.ones(k) / k, "full")[: len(rv)]
x = np.column_stack([lag(1), lag(5), lag(22)])[21:-1][:ROWS]
y = rv[22:][:ROWS]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "rows.f64")
    np.column_stack([x, y]).astype("<f8").tofile(path)
    run = subprocess.run([BINARY, path, "3", str(WINDOW)], check=True, capture_output=True, text=True)
ours = json.loads(run.stdout)
design = sm.add_constant(x)

start = time.perf_counter()
rolled = RollingOLS(y, design, window=WINDOW).fit(params_only=True).params
rolling = time.perf_counter() - start
few = range(WINDOW, ROWS + 1, max(1, (ROWS - WINDOW) // 400))
start = time.perf_counter()
single = [sm.OLS(y[e - WINDOW : e], design[e - WINDOW : e]).fit().params for e in few]
each = (time.perf_counter() - start) / len(single)

got = np.array(ours["coefficients"])
gap = max(np.abs(got[e - WINDOW] / b - 1).max() for e, b in zip(few, single))
per = ours["seconds"] / ours["refits"]
ratio = rolling / ours["refits"] / per
print(f"{ours['refits']} refits of HAR over {WINDOW} days, one thread, {per * 1e6:.2f} us each")
print(f"RollingOLS {rolling / ours['refits'] * 1e6:.0f} us, ratio {ratio:.0f}; OLS afresh {each * 1e6:.0f} us, ratio {each / per:.0f}; coefficients within {gap:.1e} of OLS")
sys.exit(int(gap > 1e-8 or ratio < 20))
