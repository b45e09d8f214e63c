"""The system benchmarks of scripts/bench: loads on the fakes and on real servers of this machine, each beside its
yardstick in the same run, told as one Markdown document.

    performance.py --program MESHPROOF --micro MICRO.json --targets DIR --out FILE [--vegeta PATH] [--only PART...]

Only ratios mean something: all rows of a table are of one run on one machine, in turns, and the median of the turns
counts. CPU time is what the kernel counted for a process, not time that passed.
"""
import argparse
import base64
import json
import os
import re
import resource
import shutil
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

usual_parts = ["ratios", "generator", "schedule", "memory", "mesh", "table"]
parts = [*usual_parts, "limits", "storm", "soak"]
turns = 3
dot = "–"  # what could not be measured


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, arguments):
        self.program = os.path.abspath(arguments.program)
        self.targets = os.path.abspath(arguments.targets) if arguments.targets else None
        self.vegeta = arguments.vegeta
        self.folder = tempfile.mkdtemp(prefix="meshproof-bench-")
        self.servers = []
        self.served = {}
        self.goals = []  # (what, yardstick, goal, measured, met)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.terminate()
            server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve(self, product):
        """A fake in a process of its own; gives its target file and its pid. The same one for a product each time."""
        if product in self.served:
            return self.served[product]
        folder = os.path.join(self.folder, "serve-" + product)
        server = subprocess.Popen(
            [self.program, "serve", "--product", product, "--dir", folder, "--seed", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.servers.append(server)
        target = os.path.join(folder, "target.yaml")
        for line in server.stdout:  # its last lines come once it listens
            if "target" in line and os.path.exists(target):
                break
        threading.Thread(target=server.stdout.read, daemon=True).start()
        self.served[product] = target, server.pid
        return self.served[product]

    def real(self, product):
        path = os.path.join(self.targets or "", product + ".yaml")
        return path if self.targets and os.path.exists(path) else None

    def load(self, target, profile, *options, during=None):
        """One load; gives its outcome from report.json, with the CPU time of the whole program."""
        folder = tempfile.mkdtemp(dir=self.folder)
        command = [self.program, "load", profile, "--target", target, "--report", folder, "--quiet", *options]
        with open(os.path.join(folder, "out"), "w") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
            if during:
                during(process)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        try:
            with open(os.path.join(folder, "report.json")) as file:
                report = json.load(file)
            outcome = report["results"][0]
        except (OSError, IndexError, KeyError):
            with open(os.path.join(folder, "out")) as out:
                sys.exit(f"bench: {' '.join(command)} gave no report:\n{out.read()}")
        curve = os.path.join(folder, "curve.json")
        if os.path.exists(curve):
            with open(curve) as file:
                outcome["curve"] = json.load(file)["curves"][0]
        outcome["program_cpu_s"] = used.ru_utime + used.ru_stime
        outcome["program_peak_kb"] = used.ru_maxrss
        return outcome

    def goal(self, what, yardstick, goal, measured, met):
        self.goals.append((what, yardstick, goal, measured, met))
        say(f"  {what}: {measured} (goal: {goal})")


def server_cpu_ms(outcome):
    """CPU of the server for one transaction that ended well."""
    looks = [look for look in outcome.get("server", {}).get("looks", []) if "processor_us" in look]
    done = outcome["counts"]["done"]
    if len(looks) < 2 or not done:
        return None
    return (looks[-1]["processor_us"] - looks[0]["processor_us"]) / 1000 / done


def percentile_ms(outcome, name, clock="response", stage="whole"):
    one = outcome["stages"].get(stage, {}).get(clock, {}).get("percentiles", {}).get(name)
    return one["us"] / 1000 if one else None


def generator_cpu_us(outcome):
    """CPU of the thread that makes the load, for one transaction."""
    used, done = outcome["generator"].get("processor_us"), outcome["counts"]["done"]
    return used / done if used is not None and done else None


def number(value, digits=2):
    return dot if value is None else f"{value:,.{digits}f}"


def median_of(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


# --- the server's CPU time a transaction ----------------------------------------------------------------------------

kinds = [
    # name, profile, rate, options, goal of the fake against OpenBao
    ("sign, P-256 CA", "sign", 200, [], 1 / 5),
    ("sign, RSA-2048 CA", "sign", 100, ["--ca-key-type", "rsa"], 1 / 4),
    ("login and sign, service tokens", "login-sign", 50, [], 1 / 10),
    ("login and sign, batch tokens", "login-sign", 100, ["--token", "batch"], 1 / 4),
]


def ratios(bench):
    lines = ["## Server CPU a transaction", "",
             "Over TLS with kept connections for 8 s, no_store, nothing verified; OpenBao and Vault on Raft. Milliseconds of CPU "
             f"time of the whole server process, the median of {turns} turns. The fake's process plays the API server too, which "
             "reviews the tokens of logins; that of OpenBao and Vault is not counted.", "",
             "| transaction | a second | fake OpenBao | fake Vault | OpenBao | Vault | fake : real, OpenBao | goal |",
             "|---|---|---|---|---|---|---|---|"]
    targets = {"fake-openbao": bench.serve("openbao")[0], "fake-vault": bench.serve("vault")[0],
               "openbao": bench.real("openbao"), "vault": bench.real("vault")}
    for name, profile, rate, options, goal in kinds:
        say(f"server CPU: {name}")
        seen = {key: [] for key in targets}
        for _ in range(turns):
            for key, target in targets.items():
                if target:
                    outcome = bench.load(target, profile, "--rate", str(rate), "--duration", "8s", "--storage",
                                         "no_store", "--verify", "none", *options)
                    seen[key].append(server_cpu_ms(outcome))
        of = {key: median_of(values) for key, values in seen.items()}
        ratio = of["fake-openbao"] / of["openbao"] if of["fake-openbao"] and of["openbao"] else None
        lines.append(f"| {name} | {rate} | {number(of['fake-openbao'], 3)} | {number(of['fake-vault'], 3)} | "
                     f"{number(of['openbao'], 3)} | {number(of['vault'], 3)} | {number(ratio, 3)} | {goal:.2f} |")
        if ratio:
            bench.goal(f"fake, server CPU per {name}", "OpenBao", f"at most {goal:.2f}", f"{ratio:.3f}", ratio <= goal)
    return lines + [""]


# --- the generator --------------------------------------------------------------------------------------------------

def api(url, ca, token, method, path, body=None):
    request = urllib.request.Request(f"{url}/v1/{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode())
    request.add_header("X-Vault-Token", token)
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=ca)) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def target_field(path, name):
    with open(path) as file:
        found = re.search(rf"^ *(?:- )?{name}: *(.*)$", file.read(), re.M).group(1)
    return found if name == "address" else os.path.normpath(os.path.join(os.path.dirname(path), found))


class SigningMount:
    """A mount for the yardsticks, which sign one CSR for ever: theirs is removed at the end."""

    def __init__(self, target, folder):
        self.url, self.ca = target_field(target, "address"), target_field(target, "ca_file")
        with open(target_field(target, "token_file")) as file:
            self.token = file.read().strip()
        self.mount = f"bench-{os.getpid()}"
        self.folder = folder

    def __enter__(self):
        ask = lambda *rest: api(self.url, self.ca, self.token, *rest)
        ask("POST", f"sys/mounts/{self.mount}", {"type": "pki"})
        ask("POST", f"{self.mount}/root/generate/internal",
            {"common_name": "bench", "key_type": "ec", "ttl": "100h"})
        ask("POST", f"{self.mount}/roles/load", {"key_type": "ec", "allow_any_name": True, "enforce_hostnames": False,
                                                 "allowed_uri_sans": "spiffe://*", "no_store": True, "max_ttl": "1h",
                                                 "require_cn": False})
        key, csr = os.path.join(self.folder, "bench.key"), os.path.join(self.folder, "bench.csr")
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", csr, "-subj", "/CN=bench", "-addext",
                        "subjectAltName=URI:spiffe://cluster.local/ns/default/sa/bench"],
                       check=True, stderr=subprocess.DEVNULL)
        with open(csr) as file:
            self.body = json.dumps({"csr": file.read(), "ttl": "1h"})
        return self

    def __exit__(self, *_):
        api(self.url, self.ca, self.token, "DELETE", f"sys/mounts/{self.mount}")

    @property
    def sign_url(self):
        return f"{self.url}/v1/{self.mount}/sign/load"


def own_file(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


def cpu_of(command):
    """Runs a command; gives its output and the CPU time that it used."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        out = process.stdout.read()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"bench: {command[0]} exits {process.returncode}: {said}")
    return out, used.ru_utime + used.ru_stime


def wrk(bench, mount):
    """CPU a request in microseconds, and requests a second."""
    script = own_file(os.path.join(bench.folder, "wrk.lua"),
                      f'wrk.method = "POST"\nwrk.headers["X-Vault-Token"] = {json.dumps(mount.token)}\n'
                      f'wrk.headers["Content-Type"] = "application/json"\nwrk.body = {json.dumps(mount.body)}\n')
    out, cpu = cpu_of(["wrk", "-t1", "-c64", "-d10s", "-s", script, mount.sign_url])
    text = out.decode()
    if "Non-2xx" in text:
        sys.exit("bench: wrk was refused: " + text)
    done = int(re.search(r"(\d+) requests in", text).group(1))
    return cpu / done * 1e6, done / 10


def vegeta(bench, mount, rate):
    header = {"X-Vault-Token": [mount.token], "Content-Type": ["application/json"]}
    target = own_file(os.path.join(bench.folder, "vegeta.json"),
                      json.dumps({"method": "POST", "url": mount.sign_url, "header": header,
                                  "body": base64.b64encode(mount.body.encode()).decode()}) + "\n")
    out, cpu = cpu_of([bench.vegeta, "attack", "-format=json", "-targets", target, "-rate", f"{rate}/s", "-duration",
                       "10s", "-connections", "64", "-max-body", "0", "-root-certs", mount.ca])
    return cpu / (rate * 10) * 1e6


def generator(bench):
    target = bench.real("openbao")
    if not target:
        return ["## The generator's CPU a request", "", "Not measured: there is no OpenBao here.", ""]
    wrks, vegetas, bares, verifieds, rates = [], [], [], [], []
    for _ in range(turns):
        say("generator: wrk, vegeta, meshproof in turns")
        with SigningMount(target, bench.folder) as mount:
            if shutil.which("wrk"):
                cpu, rate = wrk(bench, mount)
                wrks.append(cpu)
                rates.append(rate)
            offered = max(50, int(0.6 * (rates[-1] if rates else 500)))
            if bench.vegeta:
                vegetas.append(vegeta(bench, mount, offered))
        common = ["--rate", str(offered), "--duration", "10s", "--connections", "64", "--storage", "no_store"]
        bares.append(generator_cpu_us(bench.load(target, "sign", *common, "--verify", "none")))
        verified = bench.load(target, "sign", *common, "--verify", "all")
        own, beside = generator_cpu_us(verified), verified["verification"].get("processor_us")
        verifieds.append(own + beside / verified["counts"]["done"] if own and beside is not None else None)
    bare, checked, by_wrk, by_vegeta = (median_of(v) for v in (bares, verifieds, wrks, vegetas))
    lines = ["## The generator's CPU a request", "",
             "Signing on OpenBao over TLS with 64 connections. wrk asks as fast as it can with one CSR; vegeta sends one "
             "CSR on a schedule; meshproof sends another CSR each time, on a schedule at 60 % of wrk's rate.", "",
             "| | µs of CPU a request |", "|---|---|",
             f"| wrk, one CSR | {number(by_wrk, 1)} |", f"| vegeta, one CSR, nothing verified | {number(by_vegeta, 1)} |",
             f"| meshproof, nothing verified | {number(bare, 1)} |",
             f"| meshproof, every leaf verified | {number(checked, 1)} |", ""]
    if bare and by_wrk:
        bench.goal("generator CPU a request, nothing verified", "wrk", "at most 1.50", f"{bare / by_wrk:.2f}",
                   bare <= 1.5 * by_wrk)
    if checked and by_vegeta:
        bench.goal("generator CPU a request, everything verified", "vegeta", "less than 1.00",
                   f"{checked / by_vegeta:.2f}", checked < by_vegeta)
    return lines


# --- the schedule ---------------------------------------------------------------------------------------------------

def stall(bench, target, pid):
    """A load of ten seconds in whose middle the server stands still for one: how long that was in ms, and its outcome.

    The schedule's arithmetic knows of no handshakes: a shorter halt while it warms up makes all connections busy, so that
    they are open before it counts."""
    stood = []

    def halt(seconds):
        os.kill(pid, signal.SIGSTOP)
        since = time.monotonic()
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
        return (time.monotonic() - since) * 1000

    def stand_still(_):
        time.sleep(2)  # the load has been prepared within one, and warms up for three
        halt(0.2)
        time.sleep(6)
        stood.append(halt(1))

    outcome = bench.load(target, "health", "--rate", "500", "--warmup", "3s", "--duration", "10s", "--connections", "64",
                         during=stand_still)
    return stood[0], outcome


def schedule(bench):
    target, pid = bench.serve("openbao")
    say("schedule: accuracy")
    steady = bench.load(target, "health", "--rate", "2000", "--duration", "20s")
    off = abs(steady["done_per_second"] / 2000 - 1)
    bench.goal("rate below saturation", "the schedule", "within 0.1 %", f"{off * 100:.3f} %", off <= 0.001)

    say("schedule: a server that stands still for a second")
    stalls = [stall(bench, target, pid) for _ in range(turns)]
    rows = []
    # Of 5,000, the 50 (5) that are due first while it stands still wait longest: all of it but the 100 (10) ms before.
    for name, before in (("p99", 100), ("p99.9", 10)):
        seen = [(percentile_ms(outcome, name) / (stood - before) - 1, stood - before, outcome)
                for stood, outcome in stalls if percentile_ms(outcome, name)]
        if not seen:
            continue
        away, expected, outcome = sorted(seen, key=lambda one: one[0])[len(seen) // 2]
        rows.append(f"| {name} | {number(expected, 1)} | {number(percentile_ms(outcome, name), 1)} | "
                    f"{number(percentile_ms(outcome, name, 'service'), 1)} |")
        bench.goal(f"{name} of the response time under a stall of 1 s", "the schedule's arithmetic", "within 2 %",
                   f"{abs(away) * 100:.1f} %", abs(away) <= 0.02)
    say("schedule: 20,000 a second")
    fast = bench.load("fakes", "health", "--rate", "20000", "--duration", "10s")
    slip = fast["generator"]["slip"]["percentiles"].get("p99", {}).get("us")
    rate = fast["done_per_second"]
    bench.goal("`health` on the fake", "20,000 requests a second on two cores", "all, slip p99 under 1 ms",
               f"{rate:,.0f}/s, slip p99 {number(slip / 1000 if slip else None)} ms",
               rate >= 19_980 and bool(slip) and slip < 1000)
    return ["## The schedule", "",
            "`health`, 500 a second for 10 s over 64 open connections, while the server's process stands still (SIGSTOP) for "
            f"one second; the median of {turns} turns. Milliseconds:", "", "| | implied by the schedule | response time | service time |",
            "|---|---|---|---|", *rows, "", "Service time is what a tool shows that counts from the send.", ""]


# --- the simulator and memory ---------------------------------------------------------------------------------------

def memory(bench):
    say("simulator: issuances of one core")
    count = 20_000
    sim = bench.load("sim", "login-sign", "--rate", "1000", "--duration", f"{count // 1000}s")
    rate = sim["counts"]["done"] / sim["program_cpu_s"]
    bench.goal("simulator, logins with issuances a second on one core", "every key, CSR, JWT, review, signature and check real",
               "at least 5,000", f"{rate:,.0f}", rate >= 5000)
    say("memory: a pool of 10,000 pods")
    pool = bench.load("fakes", "cold-start", "--pods", "10000")
    peak = pool["program_peak_kb"] / 1024
    bench.goal("memory with 10,000 pods", "fakes included", "under 300 MB", f"{peak:,.0f} MB", peak < 300)
    return ["## Simulator and memory", "",
            f"`load login-sign --target sim`: {sim['counts']['done']:,} transactions in {sim['program_cpu_s']:.1f} s of CPU "
            f"time, preparation and verification included. `load cold-start --pods 10000` on the fakes in the same "
            f"program: at most {peak:,.0f} MB.", ""]


# --- meshes in virtual time -----------------------------------------------------------------------------------------

def used_by(command):
    """Runs a command to its end; gives its output, the seconds that passed, those of CPU time, and its peak in MiB."""
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        passed = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        sys.exit(f"bench: {' '.join(command)} exits {process.returncode}:\n{text}")
    return text, passed, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def large_mesh(bench, pods=1000, days=30):
    """Leaves live a day in virtual time, so a day is a life."""
    say(f"mesh: {pods:,} pods over {days} days")
    name = f"{pods}-pods-over-{days}-days"
    history = own_file(os.path.join(bench.folder, name + ".yaml"), f"""history: {name}
seed: 1
world: {{vaults: 1, clusters: 1, product: openbao, workloads: [web, api]}}
steps:
  - {{do: deploy, cluster: alpha, workload: late, replicas: {pods - 2}}}
  - {{do: wait, after: {days}}}
""")
    _, passed, cpu, peak = used_by([bench.program, "replay", history])
    bench.goal(f"{pods:,} pods over {days} virtual days, leaves of a day",
               "every key, login, signature, renewal and handshake real, on one core", "under 90 s and 1,024 MiB",
               f"{passed:.0f} s, {peak:,.0f} MiB", passed < 90 and peak < 1024)
    return (f"`replay` of one history in virtual time, {pods:,} pods over {days} days: {passed:.1f} s, {cpu:.1f} s of CPU "
            f"time, at most {peak:,.0f} MiB.")


def many_histories(bench, runs=200, whole=2000):
    """A share of them, by a seed that is always the same: what another mesh meets takes another time."""
    say(f"mesh: {runs} histories")
    text, passed, cpu, peak = used_by([bench.program, "explore", "--runs", str(runs), "--steps", "60", "--seed", "20261129",
                                       "--jobs", "2", "--report", tempfile.mkdtemp(dir=bench.folder)])
    told = re.search(r"explored \d+ histories in [^:]*: (.*)", text)
    whole_s = passed * whole / runs
    bench.goal(f"{whole:,} histories of 60 steps on two cores, by {runs} of them", "every certificate, signature and handshake real",
               "under 300 s", f"{whole_s:.0f} s", whole_s < 300)
    return (f"`explore`, {runs} histories of 60 steps, two at a time: {passed:.1f} s, {cpu / runs:.2f} s of CPU time for each, at "
            f"most {peak:,.0f} MiB{': ' + told.group(1) if told else ''}.")


def mesh(bench):
    return ["## Meshes in virtual time", "", large_mesh(bench), "", many_histories(bench), ""]


def resident_kb(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
    except (OSError, AttributeError):
        return None


def soak(bench):
    say("memory: a soak of ten minutes")
    target, _ = bench.serve("openbao")
    seen = []

    def watch(process):
        began = time.monotonic()
        while (pid_state := resident_kb(process.pid)) is not None:
            seen.append((time.monotonic() - began, pid_state))
            time.sleep(5)
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break

    bench.load(target, "soak", "--rate", "50", "--storage", "no_store", during=watch)
    early = [kb for at, kb in seen if 60 <= at < 180]
    late = [kb for at, kb in seen if at >= seen[-1][0] - 120]
    growth = statistics.mean(late) / statistics.mean(early) - 1
    bench.goal("memory over a soak of ten minutes", "its second and third minute", "flat",
               f"{growth * 100:+.1f} % in its last two minutes", growth < 0.05)
    return []


# --- the table ------------------------------------------------------------------------------------------------------

# operation, pods' keys, storage, token: all that there are, of RSA keys those that store nothing. A login knows neither keys
# nor storage.
rows = [
    *[("sign", "p-256", storage, "one") for storage in ("stored", "no_store", "leased")],
    ("sign", "rsa-2048", "no_store", "one"),
    *[("login", "p-256", "no_store", token) for token in ("service", "batch")],
    *[("login-sign", "p-256", storage, token) for token in ("service", "batch", "inline")
      for storage in ("stored", "no_store", "leased")],
    *[("login-sign", "rsa-2048", "no_store", token) for token in ("service", "batch", "inline")],
]


def possible(product, storage, token):
    """Requests bring their login along on OpenBao alone, and never with a lease."""
    return token != "inline" or (product == "openbao" and storage != "leased")


def rate_at_slo(outcome):
    """The rate that the search would tell, which a hold may have brought below that of its best step."""
    best = outcome.get("curve", {}).get("best")
    if not best:
        return dot
    return number(best["rate_per_s"], 0) + ("" if best["held"] else " (not held)")


def table(bench, find_max=False):
    lines = ["## What a signature costs", "",
             "Raft on one node, TLS, Kubernetes auth with TokenReview at a real kube-apiserver of the same machine, all on "
             "its two cores, the generator too. Response times at 30 a second, for 12 s" +
             ("; the last column is the largest rate that kept p99=100ms,errors=0.1%, held for three steps' time."
              if find_max else "."), "",
             "| product | operation | keys | storage | token | p50 ms | p99 ms | server CPU ms |" +
             (" rate at the SLO |" if find_max else ""), "|---|---|---|---|---|---|---|---|" + ("---|" if find_max else "")]
    for product in ("openbao", "vault"):
        target = bench.real(product)
        for operation, keys, storage, token in rows if target else []:
            if not possible(product, storage, token):
                continue
            say(f"table: {product} {operation} {keys} {storage} {token}")
            options = ["--key-type", keys, "--storage", storage, "--token", token, "--connections", "32"]
            calm = bench.load(target, operation, "--rate", "30", "--duration", "12s", *options)
            row = (f"| {product} | {operation} | {keys} | {storage} | {token} | {number(percentile_ms(calm, 'p50'))} | "
                   f"{number(percentile_ms(calm, 'p99'))} | {number(server_cpu_ms(calm))} |")
            if find_max:
                most = bench.load(target, operation, "--find-max", "--slo", "p99=100ms,errors=0.1%", "--duration", "4s",
                                  "--verify", "none", *options)
                row += f" {rate_at_slo(most)} |"
            lines.append(row)
    return lines + [""]


def limits(bench):
    """The table with the rate at the SLO: a minute or two a row."""
    return table(bench, find_max=True)


# --- a restart ------------------------------------------------------------------------------------------------------

def storm(bench, pods=1500, within=3):
    """When the last of a mesh's restarted pods is ready: foretold from a measured curve, seen, and in virtual time."""
    lines = ["## A restart, foretold and seen", "",
             f"`load login-sign --find-max`, in steps of 20 s after 30 s of warming up, then `plan`: when the last of {pods:,} pods is "
             f"ready that restart within {within} s. `load restart-storm` is that restart, the median of {turns} turns, and "
             "`--target sim --curve` the same on fakes that are as fast as the curve says. Seconds:", "",
             "| server | foretold | seen | in virtual time |", "|---|---|---|---|"]
    how_many = ["--pods", str(pods), "--within", f"{within}s"]
    for product in ("openbao", "vault"):
        target = bench.real(product)
        if not target:
            continue
        say(f"a restart: {product}")
        curve = os.path.join(bench.folder, f"curve-{product}.json")
        bench.load(target, "login-sign", "--find-max", "--slo", "p99=100ms,errors=0.1%", "--warmup", "30s", "--duration",
                   "20s", "--curve", curve)
        # It says by its exit code whether the mesh is carried, which nobody asks here.
        plan = subprocess.run([bench.program, "plan", "--curve", curve, *how_many, "--ttl", "1h", "--format", "json"],
                              stdout=subprocess.PIPE)
        foretold = json.loads(plan.stdout)["last_ready_s"]
        seen = statistics.median(bench.load(target, "restart-storm", *how_many)["last_done_ms"] / 1000 for _ in range(turns))
        virtual = bench.load("sim", "restart-storm", *how_many, "--curve", curve)["last_done_ms"] / 1000
        lines.append(f"| {product} | {number(foretold)} | {number(seen)} | {number(virtual)} |")
        for what, said in (("foretold", foretold), ("in virtual time", virtual)):
            off = said / seen - 1
            bench.goal(f"a restart on {product}, {what}", "the restart itself", "within 20 %", f"{off * 100:+.0f} %",
                       abs(off) <= 0.2)
    return lines + [""]


# --- the steps ------------------------------------------------------------------------------------------------------

def micro(path, bench):
    """The table of perf/micro, from Google Benchmark's JSON, and the ratio of checking and signing."""
    with open(path) as file:
        seen = {one["name"]: one["cpu_time"] for one in json.load(file)["benchmarks"]
                if one.get("run_type") != "aggregate" or one.get("aggregate_name") == "median"}
    lines = ["## Steps", "", "Microseconds of CPU time, in process.", "", "| step | µs |", "|---|---|"]
    lines += [f"| {name.removesuffix('_median')} | {value:,.1f} |" for name, value in seen.items()]
    of = {name.removesuffix("_median"): value for name, value in seen.items()}
    path_steps = ("sign: request in, leaf out", "sign: bare verify and sign")
    if all(step in of for step in path_steps):
        ratio = of[path_steps[0]] / of[path_steps[1]]
        each = of["issuance: all of it"]
        bench.goal("in process: issuances a second on one core", "every key, CSR, signature and check real",
                   "at least 5,000", f"{1e6 / each:,.0f}", each <= 200)
        bench.goal("in process: verify a CSR and sign", "the bare OpenSSL calls", "at most 1.15", f"{ratio:.2f}",
                   ratio <= 1.15)
    return lines + [""]


def document(bench, bodies):
    version = subprocess.run([bench.program, "--version"], capture_output=True, text=True).stdout.strip()
    met = {True: "met", False: "**not met**"}
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    lines = ["# Performance", "",
             f"{version}, {os.cpu_count()} processors{' (' + model.group(1) + ')' if model else ''}. Made by "
             "`scripts/bench`; what each change brought is in [docs/performance.md](../../docs/performance.md).", "",
             "| what | yardstick in the same run | goal | measured | |", "|---|---|---|---|---|"]
    lines += [f"| {what} | {yardstick} | {goal} | {measured} | {met[kept]} |"
              for what, yardstick, goal, measured, kept in bench.goals]
    return "\n".join(lines + [""] + bodies).rstrip() + "\n"


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--micro")
    parser.add_argument("--targets")
    parser.add_argument("--vegeta")
    parser.add_argument("--out")
    parser.add_argument("--only", nargs="*", choices=parts, default=usual_parts)
    arguments = parser.parse_args()
    with Bench(arguments) as bench:
        bodies = micro(arguments.micro, bench) if arguments.micro else []
        for part in arguments.only:
            bodies += globals()[part](bench)
            text = document(bench, bodies)
            if arguments.out:  # after each: an hour is not lost where the last part fails
                write(arguments.out, text)
    if not arguments.out:
        print(text, end="")


main()
