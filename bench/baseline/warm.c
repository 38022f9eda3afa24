/*
 * warm MIB: touches so much memory and gives it back. A virtual machine may report free memory to its host after a while; whoever gets it
 * next waits for the host, page by page. What runs right after this finds memory that the machine has.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    long size = atol(argv[1]) << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    madvise(memory, size, MADV_HUGEPAGE);
    for (long at = 0; at < size; at += 4096)
        ((volatile char *)memory)[at] = 1;
    return 0;
}
