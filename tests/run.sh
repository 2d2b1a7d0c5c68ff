#!/usr/bin/env bash
# Runs every test there is: bash tests/run.sh
#
# On a fresh Debian with Rust it first installs what the tests drive (Chromium, a Python environment
# in target/venv). Each stage runs whatever happened before it; nothing that could run is skipped in
# silence. The last line counts the stages; the exit code is 0 only when none failed.
set -uo pipefail
cd "$(dirname "$0")/.."

export MARGINCAST_OUT="$PWD/out/demo"
# What lies beside the checkout must then be tested, not passed over.
if [ -d ../shared ]; then export MARGINCAST_REQUIRE_SHARED=1; fi

passed=0
failed=0
table=""
log=target/run
mkdir -p "$log"

stage() {
    local name=$1 start=$SECONDS result
    shift
    printf '\n=== %s\n' "$name"
    if "$@" 2>&1 | tee "$log/${name// /-}.log"; then
        result=ok
        passed=$((passed + 1))
    else
        result=FAILED
        failed=$((failed + 1))
    fi
    table+=$(printf '%-22s %-7s %5d s' "$name" "$result" $((SECONDS - start)))$'\n'
}

have() { command -v "$1" >/dev/null; }

install() {
    local missing=()
    have chromium || missing+=(chromium)
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    if [ ${#missing[@]} -gt 0 ]; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" || return 1
    fi
    have chromium || { echo "chromium is still missing"; return 1; }
    # The environment is made again when what it holds changes.
    local want
    want=$(cat notebooks/requirements.txt tests/browser/requirements.txt | sha256sum)
    if [ "$(cat target/venv/made-for 2>/dev/null)" != "$want" ]; then
        rm -rf target/venv
        python3 -m venv target/venv || return 1
        target/venv/bin/pip install -q --disable-pip-version-check \
            -r notebooks/requirements.txt -r tests/browser/requirements.txt || return 1
        echo "$want" >target/venv/made-for
    fi
    target/venv/bin/python --version
}

unit_tests() {
    cargo test --no-fail-fast
}

licences() {
    # The tests hold deny.toml's list of licences against every crate; this asks for more.
    if have cargo-deny; then
        cargo deny --offline check licenses bans sources
    else
        echo "cargo-deny is not installed: bans and sources are not checked (licences are, in cargo test)"
    fi
}

demo() {
    rm -rf out/demo
    # The binary that the tests built: `cargo run` would build half of the crates again, since
    # without development dependencies they have other features.
    target/debug/margincast demo || return 1
    local file
    for file in forecasts.parquet outcomes.parquet decisions.parquet scores.json report.html; do
        [ -s "out/demo/$file" ] || { echo "demo wrote no out/demo/$file"; return 1; }
    done
}

schema() {
    target/venv/bin/python tests/browser/schema.py data/schema/scores.schema.json out/demo/scores.json target/report/scores.json
}

notebooks() {
    local book
    for book in notebooks/*.ipynb; do
        echo "$book"
        target/venv/bin/jupyter execute --timeout=600 "$book" || return 1
    done
}

report() {
    target/venv/bin/python tests/browser/report.py out/demo target/report
}

# The page of a service that replays the demo's month, an hour a second.
page() {
    local address=127.0.0.1:18091 service result waited=0
    rm -rf target/page
    target/debug/margincast serve --config data/configs/sample.toml --lake data/sample --replay --speed 3600 \
        --set serve.models=out/demo/models --set serve.ledger=target/page --set serve.listen=$address &
    service=$!
    until python3 -c "import urllib.request as u; u.urlopen('http://$address/readyz')" 2>/dev/null; do
        waited=$((waited + 1))
        [ $waited -lt 300 ] && kill -0 $service || { echo "the service is not ready"; return 1; }
        sleep 1
    done
    target/venv/bin/python tests/browser/page.py http://$address
    result=$?
    kill -TERM $service
    wait $service || result=1
    return $result
}

stage "install" install
stage "format" cargo fmt --check
stage "lints" cargo clippy --all-targets --quiet -- -D warnings
stage "tests" unit_tests
stage "benches once" cargo test --quiet --bench stages
stage "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
stage "licences" licences
stage "demo" demo
stage "scores schema" schema
stage "notebooks" notebooks
stage "report in a browser" report
stage "page in a browser" page

printf '\n%s' "$table"
awk '/^test result:/ { p += $4; f += $6 } END { printf "\ncargo tests: %d passed, %d failed\n", p, f }' "$log/tests.log"
[ -n "${MARGINCAST_REQUIRE_SHARED:-}" ] || echo "../shared is absent: what it holds was not tested"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
