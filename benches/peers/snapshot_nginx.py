"""The snapshot as nginx would serve it: the same bytes from a running service and from nginx, loopback only.

    margincast serve ... &
    python3 benches/peers/snapshot_nginx.py http://127.0.0.1:8080/v1/multipliers --rounds 3 --seconds 5

Rounds alternate, so that what else the machine does falls on both alike. Prints requests per second of each
round, the best of each, and their ratio (service / nginx): 1 is parity. Installs nginx and wrk with apt where
they are missing.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

CONF = """
worker_processes 2; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; open_file_cache max=16;
  default_type application/json;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port}; root {dir}/www; }}
}}
"""


def need(tool):
    found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")
    if found:
        return found
    subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", tool], check=True, stdout=subprocess.DEVNULL)
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/usr/local/sbin")


def wrk(tool, url, seconds, connections):
    out = subprocess.run([tool, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url], check=True, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        raise SystemExit(f"{url}: {bad[0]}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), re.search(r"99%\s+(\S+)", out)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--port", type=int, default=18099)
    args = parser.parse_args()
    if not re.match(r"http://(127\.0\.0\.1|localhost)[:/]", args.url):
        raise SystemExit("only a service on this machine: http://127.0.0.1:...")
    body = urllib.request.urlopen(args.url).read()
    nginx, tool = need("nginx"), need("wrk")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/www")
        with open(f"{folder}/www/snapshot.json", "wb") as file:
            file.write(body)
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(CONF.format(dir=folder, port=args.port))
        server = subprocess.Popen([nginx, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
        try:
            time.sleep(1)
            peer = f"http://127.0.0.1:{args.port}/snapshot.json"
            assert urllib.request.urlopen(peer).read() == body, "both serve the same bytes"
            ours, theirs = [], []
            for i in range(args.rounds):
                # Who comes first alternates too.
                order = [(ours, args.url), (theirs, peer)]
                for list_, url in order if i % 2 == 0 else order[::-1]:
                    list_.append(wrk(tool, url, args.seconds, args.connections))
            print(f"{len(body)} bytes, {args.connections} connections, {args.rounds} rounds of {args.seconds} s")
            for (a, p), (b, q) in zip(ours, theirs):
                print(f"  service {a:9.0f}/s (p99 {p})   nginx {b:9.0f}/s (p99 {q})   ratio {a / b:.2f}")
            best = max(a for a, _ in ours) / max(b for b, _ in theirs)
            middle = statistics.median(a / b for (a, _), (b, _) in zip(ours, theirs))
            print(f"ratio of the best rounds {best:.2f}, median of the rounds {middle:.2f}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
