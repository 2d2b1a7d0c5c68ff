"""Draws the picture of the README from what `margincast demo` wrote: python data/make_picture.py out/demo

Ten days of June 2022, BTCUSDT, 8 hours ahead: the loss that came (either side), the 99 % loss that was
forecast, the baseline measured on the past, and the margin that was published.
"""

import sys
from pathlib import Path

import pandas as pd

FROM, TO = pd.Timestamp("2022-06-10", tz="UTC"), pd.Timestamp("2022-06-21", tz="UTC")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 920, 380, 56, 54, 16, 36
LINES = [
    ("forecast_loss", "forecast 99 % loss", "#0072b2", 1.8),
    ("baseline", "baseline: 99 % loss of the past", "#8a8a8a", 1.8),
    ("c_im", "published margin", "#d55e00", 2.4),
]

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/demo")
hours = 8 * 3600 * 10**9
keys = ["symbol", "ts", "horizon_ns"]
rows = pd.read_parquet(folder / "decisions.parquet").merge(pd.read_parquet(folder / "outcomes.parquet"), on=keys)
rows = rows[(rows.horizon_ns == hours) & (rows.symbol == "BTCUSDT") & (rows.ts >= FROM) & (rows.ts <= TO)]
assert len(rows) > 200, f"{folder} holds {len(rows)} rows of those days; run the demo first"
rows = rows.sort_values("ts")
top = 1.05 * max(rows.ret.abs().max(), rows[[line[0] for line in LINES]].max().max())


def x(ts):
    return LEFT + (WIDTH - LEFT - RIGHT) * (ts - FROM) / (TO - FROM)


def y(share):
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / top


def path(values):
    return "M" + "L".join(f"{x(ts):.1f} {y(v):.1f}" for ts, v in zip(rows.ts, values))


out = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold" fill="#222">BTCUSDT, June 2022: loss over the next '
    "8 hours and what covers it, share of notional</text>",
]
for k in range(0, int(top * 100) + 1, 5):
    out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(k / 100):.1f}" y2="{y(k / 100):.1f}" stroke="#e6e6e6"/>')
    out.append(f'<text x="{LEFT - 6}" y="{y(k / 100) + 4:.1f}" text-anchor="end" fill="#555">{k} %</text>')
for day in pd.date_range(FROM, TO, freq="2D"):
    out.append(f'<text x="{x(day):.1f}" y="{HEIGHT - 12}" text-anchor="middle" fill="#555">{day:%-d June}</text>')
area = path(rows.ret.abs()) + f"L{x(rows.ts.iloc[-1]):.1f} {y(0):.1f}L{x(rows.ts.iloc[0]):.1f} {y(0):.1f}Z"
out.append(f'<path d="{area}" fill="#c9c9c9" fill-opacity="0.6"/>')
for column, _, colour, width in LINES:
    out.append(f'<path d="{path(rows[column])}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
at = LEFT
for text, colour in [("loss that came", "#c9c9c9")] + [(name, colour) for _, name, colour, _ in LINES]:
    out.append(f'<rect x="{at}" y="32" width="14" height="8" fill="{colour}"/>')
    out.append(f'<text x="{at + 19}" y="40" fill="#222">{text}</text>')
    at += 38 + 6.3 * len(text)
out.append("</svg>")
Path(__file__).with_name("june-2022.svg").write_text("\n".join(out) + "\n")
