#!/usr/bin/env python3
"""Makes scores_1d.json with another program's scorer.

usage: make_scores.py score_forecasts.py truth_dev_1d.parquet baseline_dev_1d.parquet > scores_1d.json

score_forecasts.py is the scorer of the skill protocol (numpy, pandas, scipy). Floats are widened
first, for the file holds float32 and the scorer would sum in it. The case "gaps" takes rows and
numbers away by a rule that the test repeats.
"""
import importlib.util
import json
import sys

import numpy as np
import pandas as pd
import scipy

spec = importlib.util.spec_from_file_location("scorer", sys.argv[1])
scorer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scorer)
truth = scorer.read(sys.argv[2])
forecasts = scorer.read(sys.argv[3])
forecasts = forecasts[forecasts.model.isin(["HAR", "GARCH-t", "logHAR-S", "AVG+clf+ACI"])].reset_index(drop=True)
for column in ("variance", "q01", "q99", "p_spike"):
    forecasts[column] = forecasts[column].astype(float)


def gaps(t, f):
    t, f = t.copy(), f.copy()
    day = f.ts // 86_400_000
    f = f[~((f.model == "GARCH-t") & (day % 7 == 3))]
    f = f[~((f.model == "logHAR-S") & (f.symbol == "XRPUSDT"))]
    day = f.ts // 86_400_000
    f.loc[(f.model == "HAR") & (day % 50 == 0), "variance"] = -1.0
    f.loc[f.model == "HAR", "p_spike"] = np.nan
    f.loc[(f.model == "GARCH-t") & (day % 3 == 0), "p_spike"] = np.nan
    f.loc[(f.model == "GARCH-t") & (day % 4 == 0), "q01"] = np.nan
    f.loc[(f.model == "logHAR-S") & (day % 3 != 0), "q99"] = np.nan
    day = t.ts // 86_400_000
    t.loc[day % 11 == 0, "spike_thr"] = np.nan
    t.loc[day % 13 == 0, "ret"] = np.nan
    return t, f


cases = {"whole": scorer.score(truth, forecasts, "HAR", "rv", True), "gaps": scorer.score(*gaps(truth, forecasts), "HAR", "rv", True)}
rows = {name: [{k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()} for row in table.to_dict("records")] for name, table in cases.items()}
versions = {"numpy": np.__version__, "pandas": pd.__version__, "scipy": scipy.__version__}
json.dump({"versions": versions, **rows}, sys.stdout, indent=1, default=lambda v: v.item())
