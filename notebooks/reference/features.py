#!/usr/bin/env python3
"""Reference values for tests/it/reference_features.rs, made by pandas.

usage: features.py SHARED_DIR OUT_DIR

Runs the peer's own panel builder (SHARED_DIR/reference/skill/peer/fc_build.py) on SHARED_DIR/data/bars/binance_spot,
takes the raw ingredients of its panel (variances and volumes, not yet logged or divided), proves that logs and ratios of
them give the panel back, and writes some 40 rows a case to OUT_DIR/features_{symbol}_{horizon}.json.
Needs numpy, pandas, pyarrow.
"""
import importlib.util, json, platform, sys, tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow

SHARED, OUT = Path(sys.argv[1]), Path(sys.argv[2])
RENAME = dict(volume_base="volume", volume_quote="quote_volume", n_trades="trades", taker_buy_base="taker_base", taker_buy_quote="taker_quote")
ROWS = 40


def peer(klines):
    """The peer's module, told where the renamed bars are."""
    sys.argv = ["fc_build.py", str(klines), str(klines), "dev"]
    spec = importlib.util.spec_from_file_location("fc_build", SHARED / "reference/skill/peer/fc_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rename(klines, symbols):
    for iv in ("1h", "15m"):
        for s in symbols:
            d = pd.read_parquet(SHARED / f"data/bars/binance_spot/{iv}/{s}.parquet").rename(columns=RENAME)
            d["ts"] = d.pop("open_time").astype("datetime64[ms, UTC]").astype("int64")
            d.to_parquet(klines / f"{s}_{iv}.parquet", index=False)


def raw(fc, symbol, horizon):
    """Our features, by name, from the peer's bars and windows."""
    iv, step, mid, long, far = ("1h", 86_400_000, 7, 28, 90) if horizon == "1d" else ("15m", 3_600_000, 24, 168, 720)
    bars, n = fc.bars(symbol, iv), (24 if horizon == "1d" else 4)
    a = fc.agg(bars, step)
    roll = lambda x, k: x.rolling(k).mean()
    o = pd.DataFrame(index=a.index)
    o["ret"], o["rv"], o["rv_ret"], o["rv_pk"], o["rv_gk"], o["rv_rs"] = a.ret, a.rv, a.rv_ret, a.rv, a.gk, a.rs
    o["bpv"], o["jump_share"], o["rs_neg"], o["rs_pos"], o["rq"], o["max_pk"] = a.bpv, (1 - a.bpv / a.rv_ret).clip(lower=0), a.rsn, a.rsp, a.rq, a.maxpk
    o["quote_volume"], o["trades"], o["mean_trade"], o["signed_volume"], o["abs_signed_volume"] = a.qv, a.tr, a.qv / a.tr, a.sq, a.asq
    o["imbalance"], o["abs_imbalance"], o["amihud"], o["kyle"], o["kyle_r2"], o["roll"] = a.sq / a.qv, a.asq / a.qv, a.illiq, a.kyle, a.kyle_r2, a.roll
    t = pd.to_datetime(a.index + step, unit="ms", utc=True)
    o["next_hour"], o["next_weekday"] = t.hour, t.dayofweek
    width = step // n                                   # the last bar of a window opens one bar before its end
    for k in (24, 8, 4, 2):
        if n % k == 0:
            o[f"rv_tail_{k}"] = bars.pk.rolling(n // k).sum().reindex(a.index + step - width).to_numpy() * k
    for k in (2, 3, 6, 12): o[f"rv_mean_{k}"] = roll(a.rv, k)
    o["rv_mid"], o["rv_long"], o["rv_far"] = roll(a.rv, mid), roll(a.rv, long), a.rv.rolling(far, min_periods=long).mean()
    o["rv_same_slot"] = a.rv.shift(23 if horizon == "1h" else 0)
    o["ret_mid"], o["ret_long"] = a.ret.rolling(mid).sum(), a.ret.rolling(long).sum()
    o["quote_volume_mid"], o["quote_volume_long"], o["trades_long"] = roll(a.qv, mid), roll(a.qv, long), roll(a.tr, long)
    o["mean_trade_long"], o["amihud_long"] = roll(a.qv / a.tr, long), roll(a.illiq, long)
    o["imbalance_mid"], o["abs_imbalance_mid"] = a.sq.rolling(mid).sum() / a.qv.rolling(mid).sum(), a.asq.rolling(mid).sum() / a.qv.rolling(mid).sum()
    o["ts"] = o.index + step
    return o


def factors(rv, visits):
    """The peer's diurnal factor, cut off after so many visits of a slot (the peer's own never is)."""
    t = pd.to_datetime(rv.index, unit="ms", utc=True)
    x = rv / rv.rolling(168).mean().shift(1)
    x = x.clip(upper=x.rolling(720, min_periods=100).quantile(.99))
    w = 0.5 ** (np.arange(visits) / 20)
    mean = lambda v: (v[::-1] * w[:len(v)]).sum() / w[:len(v)].sum()
    cut = lambda v: v.dropna().rolling(visits, min_periods=5).apply(mean, raw=True).reindex(v.index)
    return x.groupby((t.dayofweek >= 5) * 24 + t.hour).transform(cut)


def season(o, rv, p, step):
    """Adds the diurnal features. The peer's never forget; proves that ours, which forget, are near."""
    known = factors(rv, 10_000).reindex(o.index)
    assert np.allclose(known, p.sea_now, rtol=1e-9, equal_nan=True)
    now = factors(rv, 128)
    o["season_now"] = now.reindex(o.index)
    off = (o.season_now / p.sea_now - 1).abs()
    print("diurnal factor off the peer's: median", off.median(), "99 %", off.quantile(.99), "max", off.max())
    assert off.quantile(.99) < .02 and off.max() < .05
    for name, k in dict(deseason_1=1, deseason_3=3, deseason_6=6, deseason_mid=24, deseason_long=168).items():
        o[name] = (rv / now).rolling(k).mean().reindex(o.index)
    slot = lambda t: (pd.to_datetime(t, unit="ms", utc=True).dayofweek >= 5).astype(int) * 24 + pd.to_datetime(t, unit="ms", utc=True).hour
    known = np.full((len(o), 48), np.nan)
    known[np.arange(len(o)), slot(o.index)] = o.season_now.to_numpy()
    known = pd.DataFrame(known).ffill().to_numpy()
    ahead = lambda k: np.mean([known[np.arange(len(o)), slot(o.index + step * (1 + i))] for i in range(k)], axis=0)
    o["season_next"], o["season_next_8"], o["season_next_24"] = ahead(1), ahead(8), ahead(24)


def prove(o, p):
    """Logs and ratios of the raw ingredients are the panel's columns."""
    e = 1e-9
    want = dict(l1=np.log(o.rv), l2=np.log(o.rv_mid), l3=np.log(o.rv_long), lret=np.log(o.rv_ret + e), rq=np.sqrt(o.rq), rsn=o.rs_neg,
                lqv=np.log(o.quote_volume / o.quote_volume_long), lqv2=np.log(o.quote_volume_mid / o.quote_volume_long),
                ltr=np.log(o.trades / o.trades_long), lsz=np.log(o.mean_trade / o.mean_trade_long), imb=o.imbalance, vpin=o.abs_imbalance,
                vpin2=o.abs_imbalance_mid, imb2=o.imbalance_mid, kyle_r2=o.kyle_r2, illiq=np.log((o.amihud + 1e-16) / (o.amihud_long + 1e-16)),
                ret1=o.ret / np.sqrt(o.rv_long), lgk=np.log((o.rv_gk + e) / (o.rv + e)), lmax=np.log((o.max_pk + e) / (o.rv + e)))
    for k, ours in dict(last1h="rv_tail_24", last3h="rv_tail_8", last6h="rv_tail_4", last12h="rv_tail_2", lm2="rv_mean_2", lm3="rv_mean_3",
                        lm6="rv_mean_6", lm12="rv_mean_12", lm90="rv_far", l720="rv_far", same="rv_same_slot").items():
        if k in p and p[k].notna().any(): want[k] = np.log(np.maximum(o[ours], 1e-12))
    for k, v in want.items():
        assert np.allclose(v, p[k], rtol=1e-9, atol=1e-12, equal_nan=True), k


def main():
    with tempfile.TemporaryDirectory() as tmp:
        fc = peer(tmp)
        rename(Path(tmp), fc.SYM)
        for horizon, step in (("1d", 86_400_000), ("1h", 3_600_000)):
            panel = fc.crypto(horizon)
            for symbol in ("BTCUSDT", "XRPUSDT"):
                p = panel[panel.symbol == symbol].set_index("ts")
                o = raw(fc, symbol, horizon).set_index("ts", drop=False).reindex(p.index)
                prove(o, p)
                o.index = o.index - step                # open times
                if horizon == "1h": season(o, fc.agg(fc.bars(symbol, "15m"), step).rv, p.set_index(p.index - step), step)
                gap = np.flatnonzero(np.diff(o.index) != step) + 1
                pick = np.unique(np.r_[np.linspace(0, len(o) - 1, ROWS).astype(int), gap[:8]])
                names = [c for c in o.columns if c != "ts"]
                rows = [[None if np.isnan(v) else float(v) for v in row] for row in o.iloc[pick][names].to_numpy(dtype=float)]
                body = dict(
                    made_by="notebooks/reference/features.py",
                    tools={"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__, "pyarrow": pyarrow.__version__},
                    symbol=symbol, horizon=horizon, units="as in the feature catalog; ts is the window's close, milliseconds since 1970, UTC",
                    features=names, ts=[int(t) for t in o.ts.iloc[pick]], rows=rows)
                text = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in body.items() if k != "rows")
                lines = ",\n".join("  " + json.dumps(row) for row in rows)
                (OUT / f"features_{symbol}_{horizon}.json").write_text(f'{{\n{text},\n "rows": [\n{lines}\n ]\n}}\n')
                print(symbol, horizon, len(pick), "rows,", len(names), "features")


main()
