#!/usr/bin/env python3
"""Makes data/sample (hourly BTCUSDT bars, 2017 to 2023) and data/manifest.toml.

Needs pip and a built program: `cargo build`, or say where it is with MARGINCAST=path.
Everything is pinned; a source that differs by one byte stops the script.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

PACKAGE, VERSION, LICENCE = "gapless-crypto-data", "5.0.3", "MIT"
ARCHIVE_SHA256 = "67710c75e71ec7d92b304c376fdea18a26641bc6abba9c078d346072f417d8d1"
MEMBER = (
    "gapless_crypto_data-5.0.3/tests/fixtures/test_data_large/"
    "binance_spot_BTCUSDT-1h_20140101-20240101_v2.10.0_gapped.csv.bak"
)
MEMBER_SHA256 = "88771a9b2a6aa4f22c8a0748468f43508e366427765d9f827a6938fea6b46793"

DATA = pathlib.Path(__file__).resolve().parent
PROGRAM = os.environ.get("MARGINCAST", str(DATA.parent / "target/debug/margincast"))


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def check(path, want):
    if sha256(path) != want:
        sys.exit(f"{path}: sha256 {sha256(path)}, want {want}: not the pinned source, nothing was made")


def fetch(folder):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
    (archive,) = pathlib.Path(folder).glob("*.tar.gz")
    check(archive, ARCHIVE_SHA256)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    member = pathlib.Path(folder) / MEMBER
    check(member, MEMBER_SHA256)
    shutil.copyfile(pathlib.Path(folder) / MEMBER.split("/")[0] / "LICENSE", DATA / "LICENSE-gapless-crypto-data")
    return member


def ingest(member, lake):
    shutil.rmtree(lake, ignore_errors=True)
    command = [PROGRAM, "ingest", "--venue", "generic", "--map", str(DATA / "configs/maps/gapless.toml")]
    done = subprocess.run([*command, "--lake", str(lake), "--json", str(member)], check=True, stdout=subprocess.PIPE)
    (lake / "_lock").unlink()
    (report,) = json.loads(done.stdout)
    return report


def manifest(report, lake):
    refused = sum(r["count"] for r in report["refused"].values())
    lines = [
        "# What data/sample is made of; written by data/make_sample.py.",
        f'source = "{PACKAGE} {VERSION}, source distribution, {MEMBER.split("/", 1)[1]}"',
        f'source_sha256 = "{MEMBER_SHA256}"',
        f'archive_sha256 = "{ARCHIVE_SHA256}"',
        f'licence = "{LICENCE}"',
        'listing = "binance/spot/BTCUSDT"',
        'bar = "1h"',
        f'first_open = "{report["first"]}"',
        f'last_open = "{report["last"]}"',
        f"rows_in_source = {report['rows_in']}",
        f"refused_off_grid = {refused}",
        f"rows = {report['added']}",
        "",
        "[sha256]",
    ]
    files = sorted(p for p in lake.rglob("*") if p.is_file())
    lines += [f'"{p.relative_to(DATA).as_posix()}" = "{sha256(p)}"' for p in files]
    (DATA / "manifest.toml").write_text("\n".join(lines) + "\n")


def main():
    with tempfile.TemporaryDirectory() as folder:
        report = ingest(fetch(folder), DATA / "sample")
    manifest(report, DATA / "sample")
    print(f"{report['added']} bars in {DATA / 'sample'}")


main()
