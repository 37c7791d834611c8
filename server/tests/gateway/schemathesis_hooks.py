"""Puts objects that exist into every other request of an operation, as long as there are some,
and writes down what came of each."""
import json
import os

import schemathesis

with open(os.environ["SEEDS"]) as file:
    SEEDS = json.load(file)
TURNS = {}

@schemathesis.hook
def before_call(context, case, kwargs):
    operation = f"{case.operation.method.upper()} {case.operation.path}"
    seeds = SEEDS.get(operation, [])
    TURNS[operation] = TURNS.get(operation, 0) + 1
    if seeds and TURNS[operation] % 2 == 1:
        seed = seeds.pop(0)
        if "path" in seed:
            case.path_parameters = seed["path"]
        if "query" in seed:
            case.query = seed["query"]
        if "body" in seed:
            case.body = seed["body"]
            case.media_type = "application/json"

@schemathesis.hook
def after_call(context, case, response):
    location = response.headers.get("location", ["-"])[0]
    with open(os.environ["SEEN"], "a") as file:
        operation = f"{case.operation.method.upper()} {case.operation.path}"
        file.write(f"{operation} {response.status_code} {location}\n")
