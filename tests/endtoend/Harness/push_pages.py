"""
Pushes the pages of an image into a restore, as docs/protocol.md says, with nothing but Python: it reads the image as the MessagePack
stream that it is, and writes MessagePack by hand.

    push_pages.py IMAGE SOCKET MODE

MODE is how: "shuffled" pushes every page once, in an order of its own; "twice" pushes every page two times, beside pages that the image
does not have; "wrong" changes a byte of the first page; "cut" ends in the middle of a frame, again and again, and comes back; "some" leaves
pages out where there are many; "wanted" pushes nothing but what is asked for; "spoil" pushes nothing, but makes what is large in IMAGE useless. "-" as SOCKET is
standard output.
"""
import random
import socket
import struct
import sys
import time

PAGE = 4096


def unpack(data, at):
    """One MessagePack value, and where the next one begins."""
    kind = data[at]
    at += 1
    if kind < 0x80 or kind >= 0xE0:
        return (kind if kind < 0x80 else kind - 256), at
    if kind < 0x90:
        return unpack_map(data, at, kind & 15)
    if kind < 0xA0:
        return unpack_array(data, at, kind & 15)
    if kind < 0xC0:
        return data[at:at + (kind & 31)], at + (kind & 31)
    if kind in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[kind], at
    fixed = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q", 0xCA: ">f", 0xCB: ">d"}
    if kind in fixed:
        size = struct.calcsize(fixed[kind])
        return struct.unpack_from(fixed[kind], data, at)[0], at + size
    lengths = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I", 0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}
    length = struct.unpack_from(lengths[kind], data, at)[0]
    at += struct.calcsize(lengths[kind])
    if kind in (0xDC, 0xDD):
        return unpack_array(data, at, length)
    if kind in (0xDE, 0xDF):
        return unpack_map(data, at, length)
    return data[at:at + length], at + length


def unpack_array(data, at, length):
    values = []
    for _ in range(length):
        value, at = unpack(data, at)
        values.append(value)
    return values, at


def unpack_map(data, at, length):
    values = {}
    for _ in range(length):
        key, at = unpack(data, at)
        values[bytes(key)], at = unpack(data, at)
    return values, at


def extents_of(path):
    """The extents: what describes each, its payload, and where that ends."""
    with open(path, "rb") as file:
        data, at = memoryview(file.read()), 0
    while at < len(data):
        value, at = unpack(data, at)
        if bytes(value[0]) == b"extent":
            yield value[1], value[2], at


def spoil(path):
    """Makes large extents useless: who restores the image has their pages from elsewhere, or not at all."""
    with open(path, "r+b") as file:
        for head, payload, end in extents_of(path):
            if sum(byte.bit_count() for byte in head[b"presence"]) > 100:
                file.seek(end - len(payload))
                file.write(bytes(len(payload)))


def pages_of(path, most=512):
    """The pages of the first process: address and content. Of extents with more than so many pages only every second one."""
    pages = {}
    for head, content, _ in extents_of(path):
        if head[b"space"] == 0:
            payload = 0
            step = 2 if len(content) > most * PAGE else 1
            for page in range(512):
                if head[b"presence"][page >> 3] >> (page & 7) & 1:
                    if page % step == 0:
                        pages[head[b"address"] + page * PAGE] = bytes(content[payload:payload + PAGE])
                    payload += PAGE
    return pages


def text(value):
    return bytes([0xA0 + len(value)]) + value.encode()


def hello(name):
    return b"\x92" + text("hello") + b"\x83" + text("protocol") + text("lazyrestore-push") + text("version") + b"\x01" + text("name") + text(name)


def data(address, content):
    return b"\x94" + text("data") + b"\xcf" + struct.pack(">Q", address) + b"\xc2\xc6" + struct.pack(">I", len(content)) + content


class Restore:
    """A connection to the restore, and what it says."""

    met = set()

    def __init__(self, path, name):
        self.socket = None if path == "-" else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.heard = b""
        if self.socket:
            for attempt in range(3000):
                try:
                    self.socket.connect(path)
                    break
                except (FileNotFoundError, ConnectionRefusedError):
                    # The restore has not begun yet, or lacks nothing any more.
                    if attempt == 2999 or name in Restore.met:
                        raise
                    time.sleep(0.01)
            Restore.met.add(name)
        self.send(hello(name))

    def send(self, frame):
        if not self.socket:
            sys.stdout.buffer.write(frame)
            return
        try:
            self.socket.sendall(frame)
        except (BrokenPipeError, ConnectionResetError):
            # It lacks nothing any more, or has refused what came before: what it says comes to that.
            pass

    def frames(self):
        """What it says until it ends the connection."""
        while self.socket:
            try:
                received = self.socket.recv(65536)
            except ConnectionResetError:
                return
            if not received:
                return
            self.heard += received
            while True:
                try:
                    value, end = unpack(memoryview(self.heard), 0)
                except (IndexError, struct.error):
                    break
                if end > len(self.heard):
                    break
                self.heard = self.heard[end:]
                yield [bytes(part).decode() if isinstance(part, memoryview) else part for part in value]


def main(image, path, mode):
    if mode == "spoil":
        spoil(image)
        return
    pages = pages_of(image, 380 if mode == "some" else 512)
    order = list(pages)
    random.Random(4711).shuffle(order)
    restore = Restore(path, "push_pages.py")
    if mode == "wrong":
        content = bytearray(pages[order[0]])
        content[1000] ^= 1
        restore.send(data(order[0], bytes(content)))
    elif mode == "cut":
        for start in range(0, len(order), 1000):
            for address in order[start:start + 1000]:
                restore.send(data(address, pages[address]))
            if start + 1000 < len(order):
                # Half of the next page, and gone. What was sent before may be lost with it, so it is sent again by the next.
                restore.send(data(order[start + 1000], pages[order[start + 1000]])[:2000])
                restore.socket.close()
                restore = Restore(path, "push_pages.py")
                for address in order[:start + 1000]:
                    restore.send(data(address, pages[address]))
    elif mode != "wanted":
        for address in order:
            for _ in range(2 if mode == "twice" else 1):
                restore.send(data(address, pages[address]))
            if mode == "twice" and address + PAGE not in pages:
                # What the image does not have: it must not appear anywhere.
                restore.send(data(address + PAGE, b"\xee" * PAGE))
    sys.stdout.flush()
    for frame in restore.frames():
        if frame[0] == "want" and mode == "wanted":
            restore.send(data(frame[2], pages[frame[2]]))
        elif frame[0] in ("done", "error") and (mode != "twice" or frame[0] == "done"):
            print(*frame)
            if frame[0] == "done":
                return


main(*sys.argv[1:])
