/* The floor for hydration: UFFDIO_COPY of a mapped file of argv[1] bytes' size into fresh memory, 64 pages a call. Prints seconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long size = argc > 2 ? atol(argv[2]) : 1L << 30, step = 64 * 4096;
    int file = open(argv[1], O_RDONLY);
    char *source = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    char *target = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fault = syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = { .api = UFFD_API };
    struct uffdio_register range = { .range = { (unsigned long)target, size }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    if (file < 0 || source == MAP_FAILED || fault < 0 || ioctl(fault, UFFDIO_API, &api) || ioctl(fault, UFFDIO_REGISTER, &range)) {
        perror("copy");
        return 1;
    }
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long at = 0; at < size; at += step) {
        struct uffdio_copy copy = { .dst = (unsigned long)target + at, .src = (unsigned long)source + at, .len = step };
        if (ioctl(fault, UFFDIO_COPY, &copy)) {
            perror("UFFDIO_COPY");
            return 1;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.6f\n", to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
