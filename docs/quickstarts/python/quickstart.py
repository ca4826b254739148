"""The first calls, with nothing but Python's standard library."""
import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BASE_URL = os.environ.get("ESOZ_URL", "http://127.0.0.1:8080")
HEADERS = {"Authorization": "Bearer sandbox-owner", "API-key": "sandbox-mis-key", "Content-Type": "application/json"}


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(BASE_URL + path, data, HEADERS, method=method), timeout=30) as answer:
            return json.load(answer)
    except HTTPError as refusal:
        return json.load(refusal)


divisions = call("GET", "/api/divisions?type=CLINIC&page_size=1")
print(divisions["data"][0]["status"], divisions["data"][0]["name"])

error = call("POST", "/api/divisions", {"name": "Амбулаторія", "type": "CLINIC"})["error"]
print(error["type"], error["message"])
for item in error["invalid"]:
    for rule in item["rules"]:
        print(item["entry"], rule["description"])
