/*
 * Shared memory that is changed while it is still arriving: argv[2] says how. Threads read it meanwhile, and every byte is checked.
 */
#include "target.h"

#define PAGES 3072L
#define FIRST 512L /* What the change is about: a quarter, from here on. */
#define CHANGED 768L
#define MEMFD_PAGES 400L
#define MAPPED 300L
#define KEPT_PAGES 128L
#define THREADS 3

static char *area, *moved, *memory_a, *memory_b, *kept_map;
static int kept;
static uint64_t tags[PAGES];

static char *at(char *base, long page) { return base + page * PAGE; }
/* The file ends in the middle of its last page. */
static uint64_t memfd_tag(long page) { return page % 5 != 2 && page != MEMFD_PAGES - 1 ? 40000 + page : 0; }
static int is_changed(long page) { return page >= FIRST && page < FIRST + CHANGED; }

static void *reader(void *argument)
{
    unsigned state = 1 + (unsigned)(uintptr_t)argument;
    for (long i = 0; i < PAGES; i++) {
        state = state * 1664525u + 1013904223u;
        long page = (state >> 8) % PAGES;
        if (!is_changed(page))
            expect_page("shared, meanwhile", page, at(area, page), tags[page]);
    }
    return NULL;
}

static void check_area(const char *what)
{
    for (long i = 0; i < PAGES; i++)
        if (!is_changed(i) || !moved)
            expect_page(what, i, at(area, i), tags[i]);
        else if (moved != MAP_FAILED)
            expect_page(what, i, at(moved, i - FIRST), tags[i]);
}

static void check_memfd(const char *what, char *memory, long pages)
{
    for (long i = 0; i < pages; i++)
        expect_page(what, i, at(memory, i), memfd_tag(i));
}

static void change(const char *how)
{
    char *part = at(area, FIRST);
    if (!strcmp(how, "drop")) {
        EXPECT_EQ("MADV_DONTNEED", 0, madvise(part, CHANGED * PAGE, MADV_DONTNEED));
    } else if (!strcmp(how, "remove")) {
        EXPECT_EQ("MADV_REMOVE", 0, madvise(part, CHANGED * PAGE, MADV_REMOVE));
        memset(tags + FIRST, 0, CHANGED * sizeof tags[0]);
    } else if (!strcmp(how, "fork")) {
        pid_t child = fork();
        if (!child) {
            check_area("shared, in a child");
            check_memfd("memfd, in a child", memory_a, MAPPED);
            for (long i = 0; i < CHANGED; i++)
                target_fill(at(part, i), 7000 + i);
            _exit(target_differences != 0);
        }
        int status = -1;
        EXPECT_EQ("waitpid", child, waitpid(child, &status, 0));
        EXPECT_EQ("the child's status", 0, status);
        for (long i = 0; i < CHANGED; i++)
            tags[FIRST + i] = 7000 + i;
    } else if (!strcmp(how, "move")) {
        char *place = mmap(NULL, CHANGED * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        moved = mremap(part, CHANGED * PAGE, CHANGED * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
        EXPECT("mremap", moved == place);
    } else if (!strcmp(how, "twin")) {
        char *twin = mremap(area, 0, PAGES * PAGE, MREMAP_MAYMOVE);
        EXPECT("mremap", twin != MAP_FAILED);
        for (long i = 0; i < PAGES; i++)
            expect_page("shared, in a new mapping", i, at(twin, i), tags[i]);
    } else if (!strcmp(how, "grow")) {
        char *grown = mremap(memory_a, MAPPED * PAGE, MEMFD_PAGES * PAGE, MREMAP_MAYMOVE);
        EXPECT("mremap", grown != MAP_FAILED);
        memory_a = grown;
        check_memfd("memfd, grown", grown, MEMFD_PAGES);
    } else if (!strcmp(how, "unmap")) {
        EXPECT_EQ("munmap", 0, munmap(part, CHANGED * PAGE));
        char *other = mmap(part, CHANGED * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        EXPECT("mmap", other == part);
        for (long i = 0; i < CHANGED; i++)
            expect_page("what came there", i, at(other, i), 0);
        moved = MAP_FAILED;
    } else if (!strcmp(how, "protect")) {
        EXPECT_EQ("mprotect", 0, mprotect(part, CHANGED * PAGE, PROT_READ));
    }
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    const char *how = argc > 2 ? argv[2] : "touch";
    area = MUST(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    for (long i = 0; i < PAGES; i++) {
        tags[i] = i % 7 != 3 ? 30000 + i : 0;
        if (tags[i])
            target_fill(at(area, i), tags[i]);
    }

    /* A memfd whose descriptor is closed, and of which a part is mapped twice. */
    int memfd = MUST(memfd_create("target memory", MFD_CLOEXEC));
    MUST(ftruncate(memfd, MEMFD_PAGES * PAGE - 1000));
    memory_a = MUST(mmap(NULL, MEMFD_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0));
    memory_b = MUST(mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 200 * PAGE));
    close(memfd);
    for (long i = 0; i < MEMFD_PAGES; i++)
        if (memfd_tag(i))
            target_fill(at(memory_a, i), memfd_tag(i));
    MUST(munmap(at(memory_a, MAPPED), (MEMFD_PAGES - MAPPED) * PAGE));

    /* One whose descriptor stays open can be read without a fault: it is there from the beginning. */
    kept = MUST(memfd_create("kept", MFD_CLOEXEC));
    MUST(ftruncate(kept, KEPT_PAGES * PAGE));
    kept_map = MUST(mmap(NULL, KEPT_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, kept, 0));
    for (long i = 0; i < KEPT_PAGES; i++)
        target_fill(at(kept_map, i), 46000 + i);

    target_ready();
    target_wait();

    char page[PAGE];
    for (long i = 0; i < KEPT_PAGES; i++) {
        EXPECT_EQ("pread", PAGE, pread(kept, page, PAGE, i * PAGE));
        expect_page("kept, by its descriptor", i, page, 46000 + i);
    }
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        MUST0(pthread_create(&threads[i], NULL, reader, (void *)i));
    change(how);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check_area("shared");
    check_memfd("memfd", memory_a, MAPPED);
    for (long i = 0; i < 100; i++)
        expect_page("memfd, its other mapping", i, at(memory_b, i), memfd_tag(200 + i));
    for (long i = 0; i < KEPT_PAGES; i++)
        expect_page("kept", i, at(kept_map, i), 46000 + i);

    /* It is still one memory, and still writable. */
    for (long i = 200; i < MAPPED; i++)
        target_fill(at(memory_a, i), 50000 + i);
    for (long i = 0; i < 100; i++)
        expect_page("memfd, rewritten", i, at(memory_b, i), 50200 + i);
    for (long i = 0; i < PAGES; i++)
        if (!is_changed(i)) {
            target_fill(at(area, i), 60000 + i);
            tags[i] = 60000 + i;
        }
    check_area("shared, rewritten");
    return target_finish();
}
