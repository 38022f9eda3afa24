"""Runs an editor in a pseudo terminal of its own: half of a text is typed before the checkpoint, the other half after it."""
import os
import pty
import select
import struct
import sys
import fcntl
import termios

folder, editor = sys.argv[1], sys.argv[2]
text = os.path.join(folder, "text")


def read_until(master, wanted, screen=b""):
    while wanted not in screen:
        ready, _, _ = select.select([master], [], [], 20)
        assert ready, f"{wanted} does not appear in {screen[-2000:]}"
        screen += os.read(master, 65536)
    return screen


def main():
    pid, master = pty.fork()
    if pid == 0:
        os.execve(editor, [editor, "-u", "NONE", "-n", "-i", "NONE", text], {"TERM": "vt100", "HOME": folder, "LINES": "24", "COLUMNS": "80"})
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    read_until(master, b"~")
    os.write(master, b"itaught before the ")
    read_until(master, b"before the")
    # Not all that the editor prints has been read: what is left waits in the terminal.
    with open(os.path.join(folder, "ready.part"), "w") as ready:
        ready.write(f"{os.getpid()}\n")
    os.rename(os.path.join(folder, "ready.part"), os.path.join(folder, "ready"))
    while not os.path.exists(os.path.join(folder, "go")):
        select.select([], [], [], 0.005)
    os.write(master, b"break, written after it\x1b0ibe\x1b:wq\r")
    while True:
        try:
            if not os.read(master, 65536):
                break
        except OSError:  # The editor has closed its end.
            break
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    with open(text) as written:
        content = written.read()
    assert content == "betaught before the break, written after it\n", content


try:
    main()
    verdict = "ok"
except BaseException as error:
    verdict = f"differs: {error!r}"
with open(os.path.join(folder, "log"), "a") as log:
    log.write(verdict + "\n")
