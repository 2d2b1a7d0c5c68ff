#!/usr/bin/env python3
"""Minute bars from trades in Parquet: margincast beside polars and duckdb.

usage: rows_from_trades.py [--trades 50_000_000] [--dir DIR]

The same aggregation in each: bars of one minute per symbol with open, high, low, close, volume, signed volume, trade
count and the realised variance of the trades inside the bar. Files are those of the lake's `trades` table (zstd, one per
symbol and day), made up by `cargo run --release --example rows_from_trades make`. Each tool runs in its own process on all
cores, three rounds with warm files; the fastest counts, and the mean processor time of a round, which a busy machine
blurs less. The sums over all bars must agree. The variance is the
costly part for engines that know no order, so they are also timed without it; margincast always makes it.

DIR (default: a temporary folder, removed in the end) needs some 30 bytes a trade and holds a virtual environment with
polars and duckdb; what is there already is used again.
"""
import argparse, json, math, os, resource, subprocess, sys, tempfile, time, venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
COLUMNS = ["open", "high", "low", "close", "volume", "signed_volume", "trades"]


def best(work):
    """Seconds of the fastest of three rounds, processor seconds of the mean round, the last result."""
    seconds, cpu = math.inf, time.process_time()
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = work()
        seconds = min(seconds, time.perf_counter() - start)
    return seconds, (time.process_time() - cpu) / ROUNDS, result


def with_polars(lake, rv, engine):
    import polars as pl
    price, qty = pl.col("price"), pl.col("qty")
    aggregates = [price.first().alias("open"), price.max().alias("high"), price.min().alias("low"), price.last().alias("close"),
                  qty.sum().alias("volume"), (qty * pl.col("aggressor")).sum().alias("signed_volume"), pl.len().alias("trades")]
    if rv: aggregates.append((price.log().diff() ** 2).sum().alias("rv"))
    minute = (pl.col("ts_known").dt.timestamp("us") // 60_000_000).alias("minute")
    query = pl.scan_parquet(f"{lake}/**/*.parquet", hive_partitioning=True).group_by("symbol", minute).agg(aggregates)
    seconds, cpu, bars = best(lambda: query.collect(engine=engine))
    return pl.__version__, seconds, cpu, len(bars), bars.select(pl.col(COLUMNS + ["rv"] * rv).cast(pl.Float64).sum()).to_dicts()[0]


def with_duckdb(lake, rv):
    import duckdb
    source = f"read_parquet('{lake}/**/*.parquet', hive_partitioning = true)"
    minute = "epoch_ns(ts_known) // 60000000000"
    if rv:
        source = f"""(SELECT *, ln(price) - lag(ln(price)) OVER (PARTITION BY symbol, {minute} ORDER BY ts_known) AS r
                      FROM (SELECT symbol, ts_known, price, qty, aggressor FROM {source}))"""
    query = f"""CREATE OR REPLACE TEMP TABLE bars AS SELECT symbol, {minute} AS minute, arg_min(price, ts_known) AS open, max(price) AS high,
                min(price) AS low, arg_max(price, ts_known) AS close, sum(qty) AS volume, sum(qty * aggressor) AS signed_volume,
                count(*) AS trades {", coalesce(sum(r * r), 0) AS rv" if rv else ""} FROM {source} GROUP BY ALL"""
    db = duckdb.connect()
    db.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
    seconds, cpu, _ = best(lambda: db.execute(query))
    names = COLUMNS + ["rv"] * rv
    sums = db.execute("SELECT count(*), " + ", ".join(f"sum({n})::DOUBLE" for n in names) + " FROM bars").fetchone()
    return duckdb.__version__, seconds, cpu, sums[0], dict(zip(names, sums[1:]))


PEERS = {
    "polars": lambda lake, rv: with_polars(lake, rv, "in-memory"),
    "polars streaming": lambda lake, rv: with_polars(lake, rv, "streaming"),
    "duckdb": with_duckdb,
}


def peer(name, lake, rv):
    version, seconds, cpu, bars, sums = PEERS[name](lake, rv)
    print(json.dumps(dict(version=version, seconds=seconds, cpu=cpu, bars=bars, sums=sums)))


def call(*command):
    return subprocess.run([str(c) for c in command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def timed(*command):
    """Our program's answer, and its processor seconds of the mean round."""
    spent = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    before = spent()
    answer = json.loads(call(*command))
    return answer | dict(cpu=(spent() - before) / ROUNDS)


def compare(folder, trades):
    lake, env = folder / f"trades_{trades}", folder / "venv"
    python = env / "bin/python"
    call("cargo", "build", "--release", "--example", "rows_from_trades")
    target = Path(json.loads(call("cargo", "metadata", "--format-version", "1", "--no-deps"))["target_directory"])
    ours = target / "release/examples/rows_from_trades"
    if not lake.exists(): call(ours, "make", lake, trades)
    if not python.exists():
        venv.create(env, with_pip=True)
        call(python, "-m", "pip", "install", "-q", "polars", "duckdb")
    own, rows = timed(ours, "bars", lake), timed(ours, "rows", lake)
    made = int(own["sums"]["trades"])
    size = sum(f.stat().st_size for f in lake.rglob("*.parquet")) / 1e6
    print(f"{made:,} trades, {size:,.0f} MB of Parquet, {own['bars']:,} bars, {os.cpu_count()} cores\n")
    print(f"| {'tool':<40} | seconds | M trades/s | times ours | processor s | times ours |")
    print(f"|{'-' * 42}|--------:|-----------:|-----------:|------------:|-----------:|")

    def line(tool, t):
        s, c = t["seconds"], t["cpu"]
        print(f"| {tool:<40} | {s:7.2f} | {made / s / 1e6:10.1f} | {s / own['seconds']:10.2f} | {c:11.2f} | {c / own['cpu']:10.2f} |", flush=True)

    line("margincast, bars", own)
    line("margincast, hourly rows", rows)
    for name in PEERS:
        for rv in (False, True):
            tool = f"{name}{'' if rv else ', no variance'}"
            run = subprocess.run([python, __file__, "--peer", name, "--dir", lake] + ["--rv"] * rv, stdout=subprocess.PIPE, text=True)
            if run.returncode:
                print(f"| {tool:<40} | failed with code {run.returncode} |")
                continue
            theirs = json.loads(run.stdout)
            assert theirs["bars"] == own["bars"], (tool, theirs["bars"], own["bars"])
            for key, value in theirs["sums"].items():
                scale = own["sums"]["volume"] if key == "signed_volume" else abs(value)
                assert abs(value - own["sums"][key]) <= 1e-9 * scale, (tool, key, value, own["sums"][key])
            line(f"{name} {theirs['version']}{'' if rv else ', no variance'}", theirs)
    print(f"\nSums over all bars agree to 1e-9. Hourly rows: {rows['rows']:,}, every feature, from the same files.")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--trades", type=lambda t: int(t.replace("_", "")), default=50_000_000)
    p.add_argument("--dir", type=Path)
    p.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    p.add_argument("--rv", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.peer: peer(a.peer, a.dir, a.rv)
    elif a.dir: a.dir.mkdir(parents=True, exist_ok=True); compare(a.dir.resolve(), a.trades)
    else:
        with tempfile.TemporaryDirectory() as folder: compare(Path(folder), a.trades)
