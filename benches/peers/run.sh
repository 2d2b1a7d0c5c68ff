#!/usr/bin/env bash
# The comparisons with peers, one after the other: bash benches/peers/run.sh [TRADES] [SERIES]
#
# Rows from trades beside polars and duckdb, GARCH fits beside arch, hidden Markov models beside
# hmmlearn, rolling HAR beside statsmodels, training steps of nets beside PyTorch, portfolio margin
# beside numpy, snapshot requests beside nginx.
# Everything runs on this machine; what is missing is installed (pip into target/peers, nginx and wrk
# with apt). Run it when the machine has nothing else to do: it prints ratios, ours over the peer's.
set -euo pipefail
cd "$(dirname "$0")/../.."
trades=${1:-50_000_000}
series=${2:-200}
work=target/peers
mkdir -p "$work"

cargo build --release --quiet --bin margincast --example rows_from_trades --example garch_fits \
    --example hmm_fits --example har_refits --example net_steps --example portfolio_margin
if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
fi
"$work/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 arch==8.0.0 hmmlearn==0.3.3 statsmodels==0.15.0 torch==2.15.0

echo "== rows from trades"
python3 benches/peers/rows_from_trades.py --trades "$trades" --dir "$work/trades"

echo "== GARCH fits"
"$work/venv/bin/python" benches/peers/garch.py target/release/examples/garch_fits "$series" || true
"$work/venv/bin/python" benches/peers/garch.py target/release/examples/garch_fits "$series" student constant || true

echo "== hidden Markov models"
"$work/venv/bin/python" benches/peers/hmm.py target/release/examples/hmm_fits || true

echo "== rolling HAR"
"$work/venv/bin/python" benches/peers/har.py target/release/examples/har_refits || true

echo "== training steps of nets"
"$work/venv/bin/python" benches/peers/net.py target/release/examples/net_steps || true

echo "== portfolio margin"
"$work/venv/bin/python" benches/peers/portfolio.py target/release/examples/portfolio_margin || true

echo "== snapshot requests"
demo=$work/demo
target/release/margincast demo --out "$demo" --set study.start=2023-10-01 --set study.rehearsal=0s >"$work/demo.log" 2>&1
target/release/margincast serve --config data/configs/sample.toml --lake data/sample --replay \
    --set serve.models="$demo/models" --set serve.ledger="$work/ledger-$$" --set serve.listen=127.0.0.1:18098 \
    >"$work/serve.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    if python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:18098/readyz")' 2>/dev/null; then break; fi
    sleep 0.2
done
python3 benches/peers/snapshot_nginx.py http://127.0.0.1:18098/v1/multipliers
