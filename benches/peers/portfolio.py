#!/usr/bin/env python3
"""Portfolio margin against the same in numpy.

usage: portfolio.py PORTFOLIO_MARGIN_BINARY [POSITIONS [SCENARIOS]]

Build the binary with `cargo build --release --example portfolio_margin`; it lies in
target/release/examples. Needs numpy. One portfolio of POSITIONS (default 1,000) by delta and gamma on
20 underlyings over SCENARIOS (default 2,500): gross and net expected shortfall at 99 %, losses under
stressed correlation, the cap on offsets. Then the same positions as accounts of five. Both on one
thread; numpy works on whole matrices, with a partition where it needs no order. Prints times, their
ratios and the worst relative difference. Exit code 1 if that exceeds 1e-9, the portfolio takes more
than 10 ms, or fewer than 10,000 accounts are margined per second.
"""
import json, math, os, subprocess, sys, tempfile, time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import numpy as np

BINARY = sys.argv[1]
POSITIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
SCENARIOS = int(sys.argv[3]) if len(sys.argv) > 3 else 2500
UNDERLYINGS, PRICE, ALPHA, CAP = 20, 100.0, 0.99, 0.8

rng = np.random.default_rng(20261122)
shared = rng.standard_t(4, SCENARIOS)
moves = np.expm1(0.02 * (shared + rng.standard_t(4, (UNDERLYINGS, SCENARIOS))))
under = rng.integers(0, UNDERLYINGS, POSITIONS)
quantity = rng.normal(5, 40, POSITIONS).round(2)
delta = np.where(rng.random(POSITIONS) < 0.5, 1.0, rng.uniform(0.1, 0.9, POSITIONS))
gamma = np.where(delta == 1.0, 0.0, rng.uniform(-0.02, 0.02, POSITIONS))


def shortfall(pnl):
    """Acerbi and Tasche along the last axis, at least 0."""
    n = pnl.shape[-1]
    k = math.ceil(ALPHA * n - 1e-9)
    top = np.partition(-pnl, k - 1, axis=-1)[..., k - 1 :]
    miss = (1 - ALPHA) * n
    return np.maximum((top[..., 1:].sum(-1) + (miss - (n - k)) * top[..., 0]) / miss, 0)


def margin(under, quantity, delta, gamma):
    ds = PRICE * moves[under]
    pnl = quantity[:, None] * (delta[:, None] * ds + 0.5 * gamma[:, None] * ds * ds)
    gross = shortfall(pnl).sum()
    names, place = np.unique(under, return_inverse=True)
    groups = np.zeros((len(names), pnl.shape[1]))
    np.add.at(groups, place, pnl)
    loss = shortfall(groups)
    rho = np.atleast_2d(np.corrcoef(groups))
    pairs = ((g - g.mean(), m - m.mean()) for g, m in zip(groups, moves[names]))
    direction = np.array([(g @ m) / math.sqrt((g @ g) * (m @ m)) for g, m in pairs])
    same = 0.5 * (1 + np.outer(direction, direction))
    rho = same * (rho + 0.5 * (1 - rho)) + (1 - same) * np.where(rho < 0, 0.5 * rho, rho)
    np.fill_diagonal(rho, 1.0)
    weight = loss / loss.max() if loss.max() > 0 else np.ones_like(loss)
    values, vectors = np.linalg.eigh(rho * np.outer(weight, weight))
    if values[0] < -1e-12:
        rho = (vectors * np.maximum(values, 0)) @ vectors.T
        scale = np.sqrt(np.diag(rho))
        rho /= np.outer(scale, scale)
    net, stressed = shortfall(groups.sum(0)), math.sqrt(max(loss @ rho @ loss, 0))
    return gross, net, stressed, max(net, stressed, (1 - CAP) * gross)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "portfolio.f64")
    rows = np.column_stack([under, quantity, delta, gamma]).astype("<f8")
    np.concatenate([rows.ravel(), moves.astype("<f8").ravel()]).tofile(path)
    command = [BINARY, path, str(POSITIONS), str(UNDERLYINGS), str(SCENARIOS)]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

margin(under, quantity, delta, gamma)
start = time.perf_counter()
for _ in range(5):
    theirs = margin(under, quantity, delta, gamma)
whole = (time.perf_counter() - start) / 5
start = time.perf_counter()
accounts = [margin(*(x[i : i + 5] for x in (under, quantity, delta, gamma)))[3] for i in range(0, POSITIONS, 5)]
small = time.perf_counter() - start

got = [ours[k] for k in ("gross", "scenario_loss", "stressed_loss", "requirement")]
gap = max(np.abs(np.array(got) / theirs - 1).max(), np.abs(np.array(ours["accounts"]) / accounts - 1).max())
rate = len(accounts) / ours["accounts_seconds"]
print(f"{POSITIONS} positions on {SCENARIOS} scenarios, one thread: {ours['seconds'] * 1e3:.2f} ms, numpy {whole * 1e3:.1f} ms, ratio {whole / ours['seconds']:.1f}")
print(f"accounts of five: {rate:,.0f} a second, numpy {len(accounts) / small:,.0f}, ratio {small / ours['accounts_seconds']:.1f}")
print(f"results within {gap:.1e}")
sys.exit(int(gap > 1e-9 or ours["seconds"] > 0.010 or rate < 10_000))
