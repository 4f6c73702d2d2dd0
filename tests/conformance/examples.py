"""Every example in the OpenAPI document is of its schema. Takes the document on stdin, complains on stdout."""

import json
import sys

import jsonschema_rs

document = json.load(sys.stdin)
components = {"components": document["components"]}
seen, wrong = 0, 0
for path, item in document["paths"].items():
    for method, operation in item.items():
        contents = [("request", kind, content) for kind, content in operation.get("requestBody", {}).get("content", {}).items()]
        for status, response in operation["responses"].items():
            contents += [(status, kind, content) for kind, content in response.get("content", {}).items()]
        for where, kind, content in contents:
            if "example" not in content or "json" not in kind:
                continue
            seen += 1
            validator = jsonschema_rs.Draft202012Validator({**content["schema"], **components}, validate_formats=True)
            for error in validator.iter_errors(content["example"]):
                wrong += 1
                print(f"{method} {path} {where} {kind}: {error.message} at {error.instance_path}")
print(f"{seen} examples, {wrong} faults")
sys.exit(1 if wrong or not seen else 0)
