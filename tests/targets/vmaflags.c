/* Advice and flags of mappings. What /proc shows of them is compared from outside; here they are put to use. */
#include "target.h"
#include <sys/prctl.h>

#define PAGES 32L

static char *map(int flags)
{
    char *base = MUST(mmap(NULL, (PAGES + 2) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + PAGE;
    MUST(mmap(base, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0));
    for (long i = 0; i < PAGES; i++)
        target_fill(base + i * PAGE, 700 + i);
    return base;
}

static char *advised(int advice)
{
    char *base = map(0);
    if (madvise(base, PAGES * PAGE, advice) && errno != EINVAL) /* the kernel may lack it */
        MUST(-1);
    return base;
}

static void expect_pages(const char *what, char *base, uint64_t tag)
{
    for (long i = 0; i < PAGES; i++)
        expect_page(what, i, base + i * PAGE, tag ? tag + i : 0);
}

/* Whether an address is mapped at all. */
static int mapped(void *address)
{
    unsigned char vector;
    return mincore(address, PAGE, &vector) == 0;
}

/* The VmFlags of the mapping that begins at an address. */
static char *flags_of(void *address)
{
    char start[32], *text = target_read("/proc/self/smaps", NULL);
    snprintf(start, sizeof start, "%lx-", (unsigned long)address);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (!strncmp(line, start, strlen(start)))
            for (line = strtok(NULL, "\n"); line; line = strtok(NULL, "\n"))
                if (!strncmp(line, "VmFlags:", 8))
                    return line;
    return "none";
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    char *dont_fork = advised(MADV_DONTFORK), *wipe = advised(MADV_WIPEONFORK), *locked = map(0), *on_fault = map(0);
    char *named = map(0), *reserve = map(MAP_NORESERVE);
    char *others[] = { advised(MADV_DONTDUMP), advised(MADV_HUGEPAGE), advised(MADV_NOHUGEPAGE), advised(MADV_MERGEABLE), advised(MADV_SEQUENTIAL),
        advised(MADV_RANDOM), reserve, named, dont_fork, wipe, locked, on_fault };
    MUST(mlock(locked, PAGES * PAGE));
    MUST(mlock2(on_fault, PAGES * PAGE, MLOCK_ONFAULT));
    (void)!prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, named, PAGES * PAGE, "a name");

    /* Room for a mapping that grows down. */
    char *room = MUST(mmap(NULL, 400 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    MUST(munmap(room, 400 * PAGE));
    char *grows = MUST(mmap(room + 390 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
    for (int i = 0; i < 4; i++)
        target_fill(grows + i * PAGE, 800 + i);
    char *flags[16];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        flags[i] = flags_of(others[i]);
    char *grows_flags = flags_of(grows);

    target_ready();
    target_wait();

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char what[32];
        snprintf(what, sizeof what, "flags of mapping %zu", i);
        EXPECT_STR(what, flags[i], flags_of(others[i]));
        expect_pages("advised memory", others[i], 700);
    }
    EXPECT_STR("flags of the mapping that grows", grows_flags, flags_of(grows));
    for (int i = 0; i < 4; i++)
        expect_page("memory that grows down", i, grows + i * PAGE, 800 + i);
    for (int i = 1; i < 40; i++)
        ((volatile char *)grows)[-i * (long)PAGE] = (char)i;
    EXPECT("mapping has grown", mapped(grows - 39 * PAGE));

    pid_t child = fork();
    if (child == 0) {
        EXPECT("DONTFORK memory is not in the child", !mapped(dont_fork));
        expect_pages("WIPEONFORK memory in the child", wipe, 0);
        expect_pages("other memory in the child", locked, 700);
        _exit(target_differences ? 1 : 0);
    }
    int status = -1;
    EXPECT_EQ("child can be awaited", child, waitpid(child, &status, 0));
    EXPECT_EQ("status of the child", 0, status);
    expect_pages("WIPEONFORK memory in the parent", wipe, 700);
    return target_finish();
}
