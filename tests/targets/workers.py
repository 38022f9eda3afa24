"""Workers that python forks, a program that it runs, pipes and semaphores between them, and a thread."""
import multiprocessing
import os
import subprocess
import sys
import threading
import time

folder = sys.argv[1]


def work(questions, answers):
    while (question := questions.get()) is not None:
        answers.put(question * question)


def ask(questions, answers, count):
    for number in range(count):
        questions.put(number)
    assert sorted(answers.get() for _ in range(count)) == [number * number for number in range(count)]


def tick(end, ticks):
    while not end.is_set():
        ticks[0] += 1
        time.sleep(0.01)


def main():
    filter = subprocess.Popen(["sed", "-u", "s/a/b/g"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    fork = multiprocessing.get_context("fork")
    questions, answers = fork.SimpleQueue(), fork.SimpleQueue()
    workers = [fork.Process(target=work, args=(questions, answers)) for _ in range(3)]
    for worker in workers:
        worker.start()
    end, ticks = threading.Event(), [0]
    ticker = threading.Thread(target=tick, args=(end, ticks))
    ticker.start()
    filter.stdin.write("banana\n")
    assert filter.stdout.readline() == "bbnbnb\n"
    ask(questions, answers, 10)
    with open(os.path.join(folder, "ready.part"), "w") as file:
        file.write(str(os.getpid()))
    os.rename(os.path.join(folder, "ready.part"), os.path.join(folder, "ready"))
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.02)

    filter.stdin.write("cat\n")
    assert filter.stdout.readline() == "cbt\n"
    before = ticks[0]
    ask(questions, answers, 30)
    while ticks[0] == before:
        time.sleep(0.01)
    for worker in workers:
        questions.put(None)
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    filter.stdin.close()
    assert filter.wait() == 0
    end.set()
    ticker.join()
    with open(os.path.join(folder, "log"), "a") as file:
        file.write("ok\n")


if __name__ == "__main__":
    main()
