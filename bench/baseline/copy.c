/*
 * copy IMAGE MIB map|pread|private: UFFDIO_COPY of a file into fresh memory, 64 pages a call and by address, out of a mapping of the file or out
 * of a buffer that it is read into; with "private" every page of a private mapping of the file is read, and nothing copied. Prints seconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STEP = 64 * 4096 };

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    long size = atol(argv[2]) << 20;
    int reads = !strcmp(argv[3], "pread");
    int file = open(argv[1], O_RDONLY);
    char *mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    char *buffer = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    char *target = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = { .api = UFFD_API };
    struct uffdio_register range = { .range = { (unsigned long)target, size }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    if (file < 0 || mapped == MAP_FAILED || uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range)) {
        perror("copy");
        return 1;
    }
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    volatile char sum = 0;
    for (long at = 0; at < size && !strcmp(argv[3], "private"); at += 4096)
        sum += mapped[at];
    for (long at = 0; at < size && strcmp(argv[3], "private"); at += STEP) {
        char *source = reads ? buffer : mapped + at;
        struct uffdio_copy copy = { .dst = (unsigned long)target + at, .src = (unsigned long)source, .len = STEP };
        if ((reads && pread(file, buffer, STEP, at) != STEP) || ioctl(uffd, UFFDIO_COPY, &copy)) {
            perror("copy");
            return 1;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.6f\n", to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
