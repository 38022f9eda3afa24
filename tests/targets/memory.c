/* Memory of every kind keeps its content, and memory that was never touched stays zero. */
#include "target.h"

#define PAGES 512L

static char *at(char *base, long page) { return base + page * PAGE; }

static char *map(long pages, int protection, int flags, int fd, long page_offset)
{
    return MUST(mmap(NULL, pages * PAGE, protection, flags, fd, page_offset * PAGE));
}

static int pattern_file(const char *name, uint64_t tag)
{
    int fd = MUST(open(target_path(name), O_RDWR | O_CREAT | O_TRUNC, 0600));
    char page[PAGE];
    for (long i = 0; i < 64; i++) {
        target_fill(page, tag + i);
        MUST(write(fd, page, PAGE));
    }
    return fd;
}

static void fill_sparse(char *base, long pages, uint64_t tag)
{
    for (long i = 0; i < pages; i++)
        if (i % 7 != 3)
            target_fill(at(base, i), tag + i);
}

static void expect_sparse(const char *what, char *base, long pages, uint64_t tag)
{
    for (long i = 0; i < pages; i++)
        expect_page(what, i, at(base, i), i % 7 != 3 ? tag + i : 0);
}

static uint64_t data_pages[64 * PAGE / 8] = { 1 };
static uint64_t bss_pages[256 * PAGE / 8];
static const int RW = PROT_READ | PROT_WRITE;

int main(int argc, char **argv)
{
    target_start(argc, argv);
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

    char *private = map(PAGES, RW, anonymous, -1, 0);
    fill_sparse(private, PAGES, 10000);

    /* A private mapping of a file: clean pages, changed pages, and one that was turned into zeros. */
    int fd = pattern_file("private-data", 20000);
    char *file = map(64, RW, MAP_PRIVATE, fd, 0);
    char *file_read_only = map(16, PROT_READ, MAP_PRIVATE, fd, 32);
    char *file_shared_read = map(8, PROT_READ, MAP_SHARED, fd, 8);
    close(fd);
    for (long i = 0; i < 64; i += 3)
        target_fill(at(file, i), 21000 + i);
    memset(at(file, 5), 0, PAGE);
    char *file_protected = file + 48 * PAGE;
    MUST(mprotect(file_protected, 16 * PAGE, PROT_READ));

    fd = pattern_file("shared-data", 25000);
    char *shared_file = map(64, RW, MAP_SHARED, fd, 0);
    close(fd);
    target_fill(at(shared_file, 7), 26007);

    char *shared = map(PAGES, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fill_sparse(shared, PAGES, 30000);
    char *shared_twin = MUST(mremap(shared, 0, PAGES * PAGE, MREMAP_MAYMOVE));

    /* A memfd mapped twice shared and once privately, and one whose descriptor stays open. */
    int memfd = MUST(memfd_create("target memory", MFD_CLOEXEC));
    MUST(ftruncate(memfd, 64 * PAGE));
    char *memory_a = map(64, RW, MAP_SHARED, memfd, 0);
    char *memory_b = map(32, RW, MAP_SHARED, memfd, 16);
    fill_sparse(memory_a, 64, 40000);
    char *memory_private = map(64, RW, MAP_PRIVATE, memfd, 0);
    target_fill(at(memory_private, 2), 45002);
    memset(at(memory_private, 4), 0, PAGE);
    close(memfd);
    int kept = MUST(memfd_create("kept", 0));
    MUST(ftruncate(kept, 8 * PAGE));
    char *kept_map = map(8, RW, MAP_SHARED, kept, 0);
    target_fill(at(kept_map, 6), 46006);

    /* A mapped file that has lost its name. */
    fd = pattern_file("deleted-data", 47000);
    char *deleted = map(64, RW, MAP_SHARED, fd, 0);
    close(fd);
    MUST(unlink(target_path("deleted-data")));
    target_fill(at(deleted, 9), 48009);

    char *no_access = map(64, RW, anonymous, -1, 0);
    fill_sparse(no_access, 64, 50000);
    MUST(mprotect(no_access, 64 * PAGE, PROT_NONE));
    char *read_only = map(64, RW, anonymous, -1, 0);
    fill_sparse(read_only, 64, 60000);
    MUST(mprotect(read_only, 64 * PAGE, PROT_READ));

    unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
    char *executable = map(2, RW | PROT_EXEC, anonymous, -1, 0);
    memcpy(executable + 100, code, sizeof code);

    char *huge = map(2048, RW, anonymous, -1, 0);
    madvise(huge, 2048 * PAGE, MADV_HUGEPAGE);
    for (long i = 0; i < 2048; i++)
        target_fill(at(huge, i), 70000 + i);

    const long reserve = 16L << 20;
    char *reserved = map(reserve, RW, anonymous | MAP_NORESERVE, -1, 0);
    for (long i = 0; i < 8; i++)
        target_fill(at(reserved, i * (reserve / 8) + 1), 80000 + i);

    /* The smallest thing a page can hold. */
    char *nearly_zero = map(8, RW, anonymous, -1, 0);
    nearly_zero[PAGE - 1] = 1;
    nearly_zero[3 * PAGE] = 2;
    memset(at(nearly_zero, 5), 0, PAGE);

    char *heap = malloc(1 << 20);
    char *heap_page = (char *)(((uintptr_t)heap + PAGE) & ~(PAGE - 1));
    fill_sparse(heap_page, 200, 90000);
    fill_sparse((char *)data_pages, 64, 91000);
    fill_sparse((char *)bss_pages, 256, 92000);

    target_ready();
    target_wait();

    expect_sparse("anonymous", private, PAGES, 10000);
    for (long i = 0; i < 64; i++)
        expect_page("private file", i, at(file, i), i == 5 ? 0 : i % 3 == 0 ? 21000 + i : 20000 + i);
    for (long i = 0; i < 16; i++)
        expect_page("read-only file", i, at(file_read_only, i), 20032 + i);
    for (long i = 0; i < 8; i++)
        expect_page("shared read-only file", i, at(file_shared_read, i), 20008 + i);
    EXPECT("read-only part of the file can be written again", mprotect(file_protected, 16 * PAGE, RW) == 0);
    target_fill(file_protected, 1);
    expect_page("rewritten file page", 0, file_protected, 1);

    for (long i = 0; i < 64; i++)
        expect_page("shared file", i, at(shared_file, i), i == 7 ? 26007 : 25000 + i);
    target_fill(at(shared_file, 11), 27011);
    char page[PAGE];
    fd = open(target_path("shared-data"), O_RDONLY);
    EXPECT("shared file can be read", fd >= 0 && pread(fd, page, PAGE, 11 * PAGE) == (ssize_t)PAGE);
    expect_page("write through the shared mapping", 11, page, 27011);
    close(fd);

    expect_sparse("shared anonymous", shared_twin, PAGES, 30000);
    target_fill(at(shared, 3), 31003);
    expect_page("twin of shared memory", 3, at(shared_twin, 3), 31003);
    expect_sparse("memfd", memory_a, 64, 40000);
    target_fill(at(memory_a, 17), 41017);
    expect_page("second mapping of the memfd", 1, at(memory_b, 1), 41017);
    for (long i = 0; i < 16; i++)
        expect_page("private memfd", i, at(memory_private, i), i == 2 ? 45002 : i == 4 || i % 7 == 3 ? 0 : 40000 + i);
    EXPECT("memfd descriptor reads what is mapped", pread(kept, page, PAGE, 6 * PAGE) == (ssize_t)PAGE);
    expect_page("memfd descriptor", 6, page, 46006);
    expect_page("mapping of the open memfd", 6, at(kept_map, 6), 46006);
    for (long i = 0; i < 64; i++)
        expect_page("deleted file", i, at(deleted, i), i == 9 ? 48009 : 47000 + i);

    EXPECT("protected memory can be opened", mprotect(no_access, 64 * PAGE, RW) == 0);
    expect_sparse("memory without access", no_access, 64, 50000);
    expect_sparse("read-only memory", read_only, 64, 60000);
    EXPECT_EQ("function in executable memory", 42, ((int (*)(void))(uintptr_t)(executable + 100))());
    for (long i = 0; i < 2048; i++)
        expect_page("huge pages", i, at(huge, i), 70000 + i);
    for (long i = 0; i < 8; i++) {
        expect_page("reservation", i, at(reserved, i * (reserve / 8) + 1), 80000 + i);
        expect_page("hole of the reservation", i, at(reserved, i * (reserve / 8) + 2), 0);
    }
    for (long i = 0; i < (long)(8 * PAGE); i++)
        if (nearly_zero[i] != (i == (long)PAGE - 1 ? 1 : i == (long)(3 * PAGE) ? 2 : 0))
            DIFFERS("nearly zero page at %ld got %d", i, nearly_zero[i]);
    expect_sparse("heap", heap_page, 200, 90000);
    expect_sparse("data segment", (char *)data_pages, 64, 91000);
    expect_sparse("bss", (char *)bss_pages, 256, 92000);
    free(heap);
    return target_finish();
}
