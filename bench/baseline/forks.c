/*
 * A tree of processes: forks N - 1 children, each of which fills memory of its own, writes a byte to a pipe that all share, and waits. Whoever wants to
 * know when all run again sends SIGUSR1 to the group: each then writes another byte, and the parent notes when it has all of them.
 *
 *   forks PROCESSES PAGES
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void ask(int signal)
{
    (void)signal;
    asked = 1;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int processes = atoi(argv[1]), pages = atoi(argv[2]), ends[2];
    struct sigaction action = { .sa_handler = ask };
    sigset_t none, usr1;
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    if (pipe(ends) || sigaction(SIGUSR1, &action, NULL) || sigprocmask(SIG_BLOCK, &usr1, NULL))
        return 3;
    for (int i = 1; i < processes; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return 3;
        if (!pid) {
            char *memory = mmap(NULL, pages * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            memset(memory, i, pages * 4096L);
            for (;;) {
                if (write(ends[1], "r", 1) != 1)
                    _exit(4);
                do
                    sigsuspend(&none);
                while (!asked);
                asked = 0;
            }
        }
    }
    char byte;
    for (int i = 1; i < processes; i++)
        if (read(ends[0], &byte, 1) != 1)
            return 4;
    close(open("ready", O_CREAT | O_WRONLY, 0600));
    for (;;) {
        do
            sigsuspend(&none);
        while (!asked);
        asked = 0;
        for (int i = 1; i < processes; i++)
            while (read(ends[0], &byte, 1) != 1)
                if (errno != EINTR)
                    return 4;
        close(open("took", O_CREAT | O_WRONLY, 0600));
    }
}
