/*
 * Memory in huge pages: argv[2] MiB, 2 MiB-aligned, with MADV_HUGEPAGE unless the third argument is "plain". Every word tells where it
 * belongs; all are read at the end.
 */
#include "target.h"

#define HUGE_PAGE (2UL << 20)

int main(int argc, char **argv)
{
    target_start(argc, argv);
    long pages = (argc > 2 ? atol(argv[2]) : 64) << 8;
    char *area = MUST(mmap(NULL, pages * PAGE + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char *memory = (char *)(((uintptr_t)area + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
    if (argc < 4 || strcmp(argv[3], "plain"))
        MUST(madvise(memory, pages * PAGE, MADV_HUGEPAGE));
    for (long i = 0; i < pages; i++)
        target_fill(memory + i * PAGE, 1000 + i);

    target_ready();
    target_wait();

    for (long i = 0; i < pages && target_differences < 20; i++)
        expect_page("memory", i, memory + i * PAGE, 1000 + i);
    for (long i = 0; i < pages; i++)
        target_fill(memory + i * PAGE, 77 + i);
    for (long i = 0; i < pages && target_differences < 20; i++)
        expect_page("rewritten memory", i, memory + i * PAGE, 77 + i);
    return target_finish();
}
