#!/usr/bin/python3
"""A login script that speaks the Chrome DevTools Protocol itself: needs python3-websocket."""

import itertools
import json
import sys
import time

from websocket import create_connection

# All that a script is told, secrets among it, is on its standard input.
job = json.load(sys.stdin)
browser = create_connection(job["cdp_url"], timeout=30)
numbers = itertools.count(1)


def call(method, session=None, **params):
    """Has the browser carry out a command, and returns what it says."""
    number = next(numbers)
    command = {"id": number, "method": method, "params": params}
    browser.send(json.dumps(command | ({"sessionId": session} if session else {})))
    while True:
        said = json.loads(browser.recv())
        if said.get("id") == number:
            if "error" in said:
                raise RuntimeError(f"{method}: {said['error']['message']}")
            return said["result"]


targets = call("Target.getTargets")["targetInfos"]
page = next(target for target in targets if target["type"] == "page")
tab = call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]


def page_says(expression):
    result = call("Runtime.evaluate", tab, expression=expression, returnByValue=True)["result"]
    return result.get("value")


def wait_until(expression):
    for _ in range(600):
        if page_says(expression):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the page never came to {expression}")


def type_into(selector, text):
    page_says(f"document.querySelector({json.dumps(selector)}).focus()")
    # Not by a script in the page, which could look on.
    call("Input.insertText", tab, text=text)


call("Page.navigate", tab, url=job["url"])
wait_until("document.querySelector('input[type=password]') !== null")
type_into("input[name=who]", job["username"])
type_into("input[type=password]", job["password"])
page_says("document.querySelector('form button').click()")
wait_until("location.pathname === '/done'")
# What is said goes to the log of the session, secrets masked.
print("signed in")
