"""A threaded HTTP server with live objects: GET /digest, /count, /add/KEY/VALUE, /get/KEY, /threads."""
import gc
import hashlib
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

directory, items = sys.argv[1], int(sys.argv[2])


class Node:
    def __init__(self, key, value, previous):
        self.key, self.value, self.previous = key, value, previous


nodes, last = {}, None
for i in range(items):
    last = Node(f"key-{i}", hashlib.sha256(str(i).encode()).hexdigest() * 4, last)
    nodes[last.key] = last
requests = 0
lock = threading.Lock()
ticks = 0


def digest():
    total, node = hashlib.sha256(), last
    while node:
        total.update(node.key.encode() + node.value.encode())
        node = node.previous
    return total.hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global requests
        parts = self.path.strip("/").split("/")
        with lock:
            requests += 1
            if parts[0] == "digest":
                answer = digest()
            elif parts[0] == "count":
                answer = f"{len(nodes)} {requests}"
            elif parts[0] == "add":
                nodes[parts[1]] = Node(parts[1], parts[2], None)
                answer = "added"
            elif parts[0] == "get":
                answer = nodes[parts[1]].value
            elif parts[0] == "collect":
                answer = str(gc.collect() >= 0)
            else:
                answer = str(ticks)
        body = answer.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.01)


threading.Thread(target=tick, daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(directory, "ready.part"), "w") as ready:
    ready.write(str(server.server_address[1]))
os.rename(os.path.join(directory, "ready.part"), os.path.join(directory, "ready"))
server.serve_forever()
