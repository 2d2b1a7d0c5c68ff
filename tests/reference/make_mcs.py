"""p-values of a model confidence set on a fixed matrix of losses, with the draws that gave them.

usage: python tests/reference/make_mcs.py      (needs arch; writes tests/reference/mcs.json)
"""
import json
import pathlib

import arch
import numpy as np
from arch.bootstrap import MCS

t = np.arange(120)
losses = np.stack([1 + 0.03 * m + 0.5 * np.sin((1.7 + 0.61 * m) * t + m * t * t / 50) for m in range(5)], 1)


def p_values(reps, seed):
    made = MCS(losses, size=0.10, reps=reps, block_size=8, method="R", bootstrap="circular", seed=seed)
    made.compute()
    return made, made.pvalues.sort_index().Pvalue.tolist()


few, p = p_values(200, 42)
draws = np.array(few._bootstrap_indices).reshape(200, 15, 8)
assert all((draws[:, :, j] == (draws[:, :, 0] + j) % 120).all() for j in range(8))
pathlib.Path(__file__).with_name("mcs.json").write_text(json.dumps({
    "tool": f"arch {arch.__version__}, MCS(method='R', bootstrap='circular', block_size=8, reps=200, seed=42)",
    "losses": "1 + 0.03 m + 0.5 sin((1.7 + 0.61 m) t + m t^2 / 50), t = 0..119, m = 0..4",
    "starts": draws[:, :, 0].tolist(),
    "p": p,
    "p_of_20000": p_values(20000, 1)[1],
}) + "\n")
print(p, p_values(20000, 1)[1])
