#!/usr/bin/env python3
"""Judges secrets without Tollgate's doors: an example for gateways of others, held by a test.

It begins with a snapshot, follows the log, and answers from memory. Each line of its input is a secret; each line of its output says in JSON
whether the secret stands, whose it is and what it may do. Environments, scopes and addresses of a call, limits and keys that were imported are
left to whoever builds on this: docs/other-gateways.md has the rest of what is told.

    enforce.py --control-plane http://127.0.0.1:8080 --token-file gateway.token --pepper 1=pepper.1.key --environment prod --node edge-1
"""
import argparse, base64, datetime, hashlib, hmac, json, os, sys, threading, urllib.request

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORMAT = {"format": "tollgate-gateway-snapshot", "version": 2}
STANDINGS = ["absent", "active", "suspended", "revoked", "expired"]
FOREVER = 2**63 - 1


def micros(text):
    """A time of an event, in Unix microseconds."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def now():
    return micros(datetime.datetime.now(datetime.timezone.utc).isoformat())


def number_of(locator):
    number = 0
    for character in locator:
        number = number * 62 + ALPHABET.index(character)
    return number


class Secret:
    """One version of a key's secret: what proves it, and until when it stands."""

    def __init__(self, key, version, pepper, digest, until=FOREVER):
        self.key, self.version, self.pepper, self.digest, self.until = key, version, pepper, digest, until


class Index:
    """What is known, by what a secret says of itself."""

    def __init__(self):
        self.position, self.clients, self.keys, self.secrets = 0, {}, {}, {}
        self.lock = threading.Lock()

    def read(self, snapshot):
        content, end = snapshot[:-66], snapshot[-66:]
        lines = content.split(b"\n")
        if json.loads(lines[0]) != FORMAT:
            raise SystemExit("a snapshot of another format")
        if end != b"#" + hashlib.sha256(content).hexdigest().encode() + b"\n":
            raise SystemExit("a damaged snapshot")
        self.position = int(json.loads(lines[1])["position"])
        environments, clients, keys = [], [], []
        for line in filter(None, lines[2:]):
            letter, row = chr(line[0]), json.loads(line[1:])
            if letter == "e":
                environments.append(row)
            elif letter == "c":
                client, standing, _, scopes, *_ = row
                clients.append(client)
                self.clients[client] = {"standing": standing, "scopes": set(scopes)}
            elif letter == "k":
                keys.append(row["i"])
                if "c" in row:
                    client, environment = row["c"]
                    self.keys[row["i"]] = {
                        "client": clients[client], "environment": environments[environment], "standing": STANDINGS[row["s"]],
                        "scopes": row.get("o"), "not_before": row.get("b", -FOREVER), "expires_at": row.get("e", FOREVER),
                        "revoke_at": row.get("r", FOREVER), "version": None,
                    }
                    self.present(row["i"], *row["v"])
            elif letter == "p":
                key, secret, until = row
                version, pepper, locator, digest = secret
                self.secrets[locator] = Secret(keys[key], version, pepper, base64.b64decode(digest + "=="), until)

    def present(self, key, version, pepper, locator, digest):
        self.keys[key]["version"] = version
        self.secrets[locator] = Secret(key, version, pepper, base64.b64decode(digest + "=="))

    def present_event(self, key, secret):
        digest = base64.b64encode(bytes.fromhex(secret["digest"]["hmac"])).decode()
        self.present(key, secret["version"], secret["digest"]["pepper_version"], number_of(secret["locator"]), digest)

    def apply(self, event):
        """Events are applied in their order, each once; of a kind that is not known nothing follows for secrets."""
        self.position, subject, data = int(event["position"]), event["subject"], event["data"]
        kind = ".".join(event["type"].split(".")[1:3])
        client, key = self.clients.get(subject), self.keys.get(subject)
        if kind == "api_client.registered":
            self.clients[subject] = {"standing": "active", "scopes": set(data["scopes"])}
        elif kind in ("api_client.suspended", "api_client.reinstated", "api_client.archived"):
            client["standing"] = "active" if kind.endswith("reinstated") else kind.split(".")[1]
        elif kind == "api_client.scope_granted":
            client["scopes"].add(data["scope"])
        elif kind == "api_client.scope_revoked":
            client["scopes"].discard(data["scope"])
        elif kind == "api_key.issued":
            self.keys[subject] = {
                "client": data["client_id"], "environment": data["environment"], "standing": "active", "scopes": data.get("scopes"),
                "not_before": micros(data["not_before"]) if data.get("not_before") else -FOREVER,
                "expires_at": micros(data["expires_at"]) if data.get("expires_at") else FOREVER, "revoke_at": FOREVER, "version": None,
            }
            self.present_event(subject, data["secret"])
        elif kind == "api_key.rotated":
            for secret in self.secrets.values():
                if secret.key == subject:
                    secret.until = min(secret.until, micros(data["previous_until"]))
            key["expires_at"] = micros(data["expires_at"]) if data.get("expires_at") else FOREVER
            self.present_event(subject, data["secret"])
        elif kind in ("api_key.overlap_extended", "api_key.previous_retired"):
            until = micros(data.get("previous_until") or data["retired_at"])
            for secret in self.secrets.values():
                if secret.key == subject and secret.version == data["version"]:
                    secret.until = until
        elif kind in ("api_key.suspended", "api_key.reinstated", "api_key.revoked", "api_key.expired"):
            key["standing"] = "active" if kind.endswith("reinstated") else kind.split(".")[1]
        elif kind == "api_key.revocation_scheduled":
            key["revoke_at"] = micros(data["revoke_at"])
        elif kind == "api_key.revocation_cancelled":
            key["revoke_at"] = FOREVER


def judge(index, peppers, text):
    """An unknown secret and a wrong one are answered alike, after the same work."""
    refused = {"allowed": False, "reason": "unknown_secret"}
    tail = text.rsplit("_", 1)[-1]
    found = index.secrets.get(number_of(tail[:10])) if len(tail) == 48 and tail.isalnum() and tail.isascii() else None
    pepper = peppers.get(found.pepper if found else max(peppers))
    if pepper is None:
        return refused
    digest = hmac.new(pepper, text.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(digest, found.digest if found else bytes(32)) or not found:
        return refused
    key, at = index.keys[found.key], now()
    client = index.clients.get(key["client"], {"standing": "absent", "scopes": set()})
    reason = None
    if key["standing"] != "active" or key["revoke_at"] <= at:
        reason = "key_" + (key["standing"] if key["standing"] != "active" else "revoked")
    elif found.until <= at:
        reason = "secret_retired"
    elif found.version == key["version"] and key["expires_at"] <= at:
        reason = "key_expired"
    elif at < key["not_before"]:
        reason = "key_not_yet_valid"
    elif client["standing"] != "active":
        reason = "client_" + client["standing"]
    if reason:
        return {"allowed": False, "reason": reason}
    scopes = client["scopes"] if key["scopes"] is None else client["scopes"] & set(key["scopes"])
    return {
        "allowed": True, "client_id": key["client"], "key_id": found.key, "secret_version": found.version,
        "environment": key["environment"], "scopes": sorted(scopes),
    }


def ask(options, path, timeout):
    with open(options.token_file) as file:
        headers = {"Authorization": "Bearer " + file.read().strip()}
    request = urllib.request.Request(options.control_plane + path, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def follow(options, index):
    """What was asked for last is in force here: commands that wait until they are applied wait for this node, too."""
    boot = os.urandom(8).hex()
    while True:
        me = f"environment={options.environment}&node={options.node}&boot={boot}"
        path = f"/v1/gateway/events?after={index.position}&limit=1000&wait_ms=10000&{me}"
        try:
            lines = ask(options, path, 20).splitlines()
        except OSError as failure:
            print(f"cannot follow: {failure}", file=sys.stderr)
            threading.Event().wait(1)
            continue
        with index.lock:
            for line in lines:
                index.apply(json.loads(line))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("control-plane", "token-file", "environment", "node"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--pepper", action="append", required=True, metavar="VERSION=FILE")
    options = parser.parse_args()
    peppers = {}
    for pepper in options.pepper:
        version, path = pepper.split("=", 1)
        with open(path) as file:
            peppers[int(version)] = bytes.fromhex(file.read().strip())
    index = Index()
    index.read(ask(options, "/v1/gateway/snapshot", 60))
    threading.Thread(target=follow, args=(options, index), daemon=True).start()
    for line in sys.stdin:
        with index.lock:
            print(json.dumps(judge(index, peppers, line.strip())), flush=True)


if __name__ == "__main__":
    main()
