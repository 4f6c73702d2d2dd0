#!/usr/bin/env python3
"""Holds deploy/ to the code: `python3 deploy/check.py`, with Python's own library alone.

* Every metric of the dashboard and of the alarms is one that the code has, and every alarm is in the runbook.
* tollgate-several-nodes.yaml is tollgate-ext-authz.yaml but for the parts that it names.
* The dashboard is JSON, and its panels lie beside and not over each other.

Other directories with crates may be given; then a metric may be in any of them.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METRIC = re.compile(r"\btollgate_[a-z_]+\b")
SERIES = re.compile(r"_(bucket|sum|count)$")


def metrics_of_the_code(directories):
    names = set()
    for directory in directories:
        for file in directory.rglob("*.rs"):
            names |= set(re.findall(r'"(tollgate_[a-z_]+)"', file.read_text(encoding="utf-8")))
    return names


def unknown_metrics(text, known):
    used = set(METRIC.findall(text))
    return sorted(name for name in used if name not in known and SERIES.sub("", name) not in known)


def check_metrics(known):
    faults = []
    dashboard = json.loads((ROOT / "deploy/grafana/tollgate.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    alerts = (ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8")
    for what, text in [("the dashboard", "\n".join(expressions)), ("alerts.yaml", alerts)]:
        faults += [f"{what} uses {name}, which the code does not have" for name in unknown_metrics(text, known)]
    return faults


def check_alarms():
    alerts = (ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8")
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    alarms = set(re.findall(r"- alert: (\w+)", alerts))
    described = set(re.findall(r"^\| `(Tollgate\w+)`", runbook, re.MULTILINE))
    faults = [f"the runbook lacks the alarm {name}" for name in sorted(alarms - described)]
    return faults + [f"the runbook has {name}, which is no alarm" for name in sorted(described - alarms)]


def check_panels():
    dashboard = json.loads((ROOT / "deploy/grafana/tollgate.json").read_text(encoding="utf-8"))
    taken, faults = {}, []
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    faults.append(f"the panel {panel['title']!r} lies over {other!r}")
    return sorted(set(faults))


def governing_part(file):
    """What decides how calls are judged: without the header, the listener's address, the door's retry and the clusters."""
    text = (ROOT / "deploy/envoy" / file).read_text(encoding="utf-8")
    text = text[text.index("\nnode: {") : text.index("\n  clusters:")]
    text = re.sub(r"    # All addresses, because.*?\n", "", text)
    text = re.sub(r"address: [0-9.]+, port_value: 10000", "address: LISTENER", text)
    text = re.sub(r"\n +grpc_service:.*?(?=\n +# All that the door reads)", "\n GRPC", text, flags=re.DOTALL)
    text = re.sub(r"(?<=not a slow decision\.)[^\n]*(\n +#[^\n]*)*(?=\n GRPC)", "", text)
    return text.splitlines()


def check_envoy():
    one, several = governing_part("tollgate-ext-authz.yaml"), governing_part("tollgate-several-nodes.yaml")
    differing = [f"{a!r} against {b!r}" for a, b in zip(one, several) if a != b]
    if len(one) != len(several):
        differing.append(f"{len(one)} lines against {len(several)}")
    return [f"the two configurations of Envoy differ: {line}" for line in differing[:5]]


def main():
    directories = [Path(given) for given in sys.argv[1:]] or [ROOT / "crates"]
    faults = check_metrics(metrics_of_the_code(directories)) + check_alarms() + check_panels() + check_envoy()
    for fault in faults:
        print(f"deploy: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
