/*
 * Counts as fast as it can: in each round it writes the next number into one page after another, some of them private, some shared, some kept from
 * children (MADV_DONTFORK, MADV_WIPEONFORK). At any one moment the pages hold at most two numbers, the greater ones first. Tells in
 * the file "bad" when it sees anything of a child, and in "rounds" how far it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define START ((char *)0x10000000000)
#define AREA (32L << 20)
#define PAGES 256

static void say(const char *directory, const char *file, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, file);
    FILE *out = fopen(path, "w");
    fputs(text, out);
    fclose(out);
}

static volatile sig_atomic_t children;

static void on_child(int signal) { children = 1; }

int main(int argc, char **argv)
{
    signal(SIGCHLD, on_child);
    for (int area = 0; area < 4; area++) {
        int kind = area == 1 ? MAP_SHARED : MAP_PRIVATE;
        char *at = mmap(START + area * AREA, AREA, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (at == MAP_FAILED)
            return 1;
        if (area == 2)
            madvise(at, AREA, MADV_DONTFORK);
        if (area == 3)
            madvise(at, AREA, MADV_WIPEONFORK);
        for (long page = 0; page < AREA; page += 4096)
            at[page + 8] = 1;
    }
    say(argv[1], "ready", "");
    for (uint64_t round = 1;; round++) {
        for (int page = 0; page < PAGES; page++)
            *(volatile uint64_t *)(START + (page % 4) * AREA + (page / 4) * (AREA / (PAGES / 4))) = round;
        if (children || waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD)
            say(argv[1], "bad", "a child");
        if (round % 100000 == 0) {
            char text[32];
            snprintf(text, sizeof text, "%llu", (unsigned long long)round);
            say(argv[1], "rounds", text);
        }
    }
}
