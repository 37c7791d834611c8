"""Opens a session by way of a guacd with pyguacamole, joins it with a second client that
only looks, types a command and prints what came of it, as JSON."""

import json
import sys
import time

from guacamole.client import GuacamoleClient
from guacamole.instruction import GuacamoleInstruction as Instruction

LIMIT_S = 30
ENTER = 0xFF0D


def pump(client, seen, until):
    """Takes instructions, acknowledging frames, until `until(seen)` or the time is over."""
    deadline = time.monotonic() + LIMIT_S
    while not until(seen) and time.monotonic() < deadline:
        received = client.read_instruction()
        seen[received.opcode] = seen.get(received.opcode, 0) + 1
        if received.opcode == "sync":
            client.send_instruction(Instruction("sync", received.args[0]))
        if received.opcode == "error":
            sys.exit(f"error: {received.args}")


def frames(count):
    return lambda seen: seen.get("sync", 0) >= count


def main(port, settings):
    owner = GuacamoleClient("127.0.0.1", port)
    owner.handshake(protocol="ssh", **settings)
    seen = {}
    pump(owner, seen, frames(1))

    watcher = GuacamoleClient("127.0.0.1", port)
    watcher.handshake(connectionid=owner.id, read_only="true")
    watched = {}
    pump(watcher, watched, frames(1))
    # What somebody types who may only look goes nowhere.
    for keysym in [ord(c) for c in "touch unwanted"] + [ENTER]:
        watcher.send_instruction(Instruction("key", keysym, 1))
        watcher.send_instruction(Instruction("key", keysym, 0))

    before = watched["sync"]
    for keysym in [ord(c) for c in "echo $((6*7)) > answer"] + [ENTER]:
        owner.send_instruction(Instruction("key", keysym, 1))
        owner.send_instruction(Instruction("key", keysym, 0))
    pump(owner, seen, frames(seen["sync"] + 2))
    pump(watcher, watched, frames(before + 1))
    print(json.dumps({"id": owner.id, "joined": watcher.id, "owner": seen, "watcher": watched}))
    watcher.close()
    owner.close()


main(int(sys.argv[1]), json.load(sys.stdin))
