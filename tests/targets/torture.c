/*
 * Memory under torture: several threads touch, drop, remap, protect, fork and re-read their memory at random, by instructions
 * and by system calls, and every byte is compared with a model.
 *
 *   torture DIR SEED OPERATIONS [MIB PER THREAD] [huge]
 *
 * With huge, the large regions are in huge pages and have no hole, so that they can come back in pieces of 2 MiB.
 *
 * The model is a tag for each block of 1 KiB, from which all its bytes follow; tag 0 is zeros. It begins when DIR/go appears; before that
 * all memory has been filled. Every thread owns its regions, so that the model needs no locks and a fork sees a consistent one.
 */
#include "target.h"
#include <sys/uio.h>

#define THREADS 4
#define BLOCK 1024L
#define BLOCKS (4096L / BLOCK)

struct region {
    char *base;
    long pages;
    uint64_t *tags; /* a tag per block */
};

struct worker {
    int number;
    uint64_t random, next_tag;
    struct region main, growing;
    char *elsewhere; /* address space of main's size, reserved for moving to */
    int pipe[2];
    pthread_t thread;
    long operations, forks;
};

static struct worker workers[THREADS];
static long limit;
static volatile int stop;
static int huge;
/* Held while there are holes in the address space that the kernel must not hand to another thread. */
static pthread_mutex_t holes = PTHREAD_MUTEX_INITIALIZER;

/* Address space that begins at a multiple of a huge page. */
static char *map(long pages, int protection)
{
    const long slack = 2L << 20;
    char *at = MUST(mmap(NULL, pages * PAGE + slack, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char *aligned = (char *)(((uintptr_t)at + slack - 1) & ~(slack - 1));
    if (aligned > at)
        MUST(munmap(at, aligned - at));
    if (aligned < at + slack)
        MUST(munmap(aligned + pages * PAGE, at + slack - aligned));
    return aligned;
}

static uint64_t dice(struct worker *w)
{
    uint64_t x = w->random += 0x9E3779B97F4A7C15ull;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

static uint64_t word_of(uint64_t tag, long index) { return target_word(tag, index); }

static void fill_block(char *block, uint64_t tag)
{
    for (long i = 0; i < BLOCK / 8; i++)
        ((uint64_t *)block)[i] = word_of(tag, i);
}

/* Compares count blocks; says and counts the first that is wrong. */
static int check(const char *what, struct worker *w, const char *at, const uint64_t *tags, long count)
{
    for (long b = 0; b < count; b++)
        for (long i = 0; i < BLOCK / 8; i++) {
            uint64_t got = ((const volatile uint64_t *)(at + b * BLOCK))[i];
            if (got != word_of(tags[b], i)) {
                DIFFERS("%s: thread %d operation %ld at %p word %ld tag %llx expected %016llx got %016llx", what, w->number, w->operations,
                    at + b * BLOCK, i, (unsigned long long)tags[b], (unsigned long long)word_of(tags[b], i), (unsigned long long)got);
                stop = 1;
                return 1;
            }
        }
    return 0;
}

static void zero_tags(struct region *r, long page, long count)
{
    memset(r->tags + page * BLOCKS, 0, count * BLOCKS * sizeof *r->tags);
}

static int failed(const char *what, struct worker *w, int is_failure)
{
    if (is_failure) {
        DIFFERS("%s: thread %d operation %ld errno %d", what, w->number, w->operations, errno);
        stop = 1;
    }
    return is_failure;
}

/* A range of up to most pages within a region. */
static long choose(struct worker *w, struct region *r, long most, long *count)
{
    uint64_t x = dice(w);
    *count = 1 + (x >> 32) % most;
    if (*count > r->pages)
        *count = r->pages;
    return (long)((x & 0xffffffff) % (r->pages - *count + 1));
}

static void write_blocks(struct worker *w, struct region *r)
{
    uint64_t x = dice(w);
    long first = (long)((x & 0xffffffff) % (r->pages * BLOCKS)), count = 1 + (x >> 60);
    for (long b = first; b < first + count && b < r->pages * BLOCKS; b++)
        fill_block(r->base + b * BLOCK, r->tags[b] = w->next_tag++);
}

static void read_pages(struct worker *w, struct region *r)
{
    long count, page = choose(w, r, 8, &count);
    check("read", w, r->base + page * PAGE, r->tags + page * BLOCKS, count * BLOCKS);
}

static void drop(struct worker *w, struct region *r)
{
    long count, page = choose(w, r, 64, &count);
    if (!failed("MADV_DONTNEED", w, madvise(r->base + page * PAGE, count * PAGE, MADV_DONTNEED)))
        zero_tags(r, page, count);
}

static void free_and_write(struct worker *w, struct region *r)
{
    long count, page = choose(w, r, 16, &count);
    char *at = r->base + page * PAGE;
    if (failed("MADV_FREE", w, madvise(at, count * PAGE, MADV_FREE)))
        return;
    /* Until it is written, each page holds either its old content or zeros. */
    for (long p = 0; p < count; p++) {
        uint64_t *tags = r->tags + (page + p) * BLOCKS;
        uint64_t got = *(volatile uint64_t *)(at + p * PAGE);
        if (got && got != word_of(tags[0], 0)) {
            DIFFERS("MADV_FREE: thread %d at %p got %llx", w->number, at + p * PAGE, (unsigned long long)got);
            stop = 1;
        }
        for (long b = 0; b < BLOCKS; b++)
            fill_block(at + p * PAGE + b * BLOCK, tags[b] = w->next_tag++);
    }
}

static void map_anew(struct worker *w, struct region *r)
{
    long count, page = choose(w, r, 32, &count);
    char *at = r->base + page * PAGE;
    if (dice(w) & 1 && failed("munmap", w, munmap(at, count * PAGE)))
        return;
    void *got = mmap(at, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (!failed("mmap", w, got != at))
        zero_tags(r, page, count);
}

/* Moves pages away, looks at some of them there and moves them back; one at a time, since mremap takes no more than one mapping. */
static void move(struct worker *w, struct region *r)
{
    long count, page = choose(w, r, 24, &count);
    for (long p = page; p < page + count; p++) {
        char *from = r->base + p * PAGE, *to = w->elsewhere + p * PAGE;
        uint64_t *tags = r->tags + p * BLOCKS;
        int keep = dice(w) % 3 == 0;
        void *got = mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0), to);
        if (failed("mremap", w, got != to))
            return;
        if (dice(w) & 1)
            check("moved page", w, to, tags, BLOCKS);
        if (keep) {
            static const uint64_t none[BLOCKS];
            check("page that was moved away", w, from, none, BLOCKS);
        }
        if (dice(w) & 1)
            fill_block(to + BLOCK, tags[1] = w->next_tag++);
        got = mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from);
        if (failed("mremap back", w, got != from))
            return;
    }
    char *hole = w->elsewhere + page * PAGE;
    failed("mmap", w, mmap(hole, count * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != hole);
}

static void take_back(struct worker *w, struct region *r)
{
    unsigned char resident;
    long moved = 0;
    while (moved < r->pages && mincore(r->base + moved * PAGE, PAGE, &resident) < 0)
        moved++;
    if (moved && failed("mremap back", w, mremap(w->elsewhere, moved * PAGE, moved * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, r->base) != r->base))
        return;
    failed("mmap", w, mmap(w->elsewhere, r->pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != w->elsewhere);
}

/* The same for a whole region, which is one mapping when nothing has split it. */
static void move_whole(struct worker *w, struct region *r)
{
    long size = r->pages * PAGE;
    char *got = mremap(r->base, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, w->elsewhere);
    if (got == MAP_FAILED) {
        /* It consists of several mappings. Since Linux 6.17 those before the first that cannot go with others have been moved. */
        take_back(w, r);
        return;
    }
    r->base = got;
    for (int i = 0; i < 4; i++)
        read_pages(w, r);
    w->elsewhere = map(r->pages, PROT_NONE);
}

static void grow(struct worker *w, struct region *r)
{
    long pages = r->pages < 512 ? r->pages * 2 : 64;
    char *got = mremap(r->base, r->pages * PAGE, pages * PAGE, MREMAP_MAYMOVE);
    if (got == MAP_FAILED && errno == EFAULT)
        return; /* it consists of several mappings */
    if (failed("mremap to another size", w, got == MAP_FAILED))
        return;
    r->base = got;
    if (pages > r->pages)
        zero_tags(r, r->pages, pages - r->pages);
    r->pages = pages;
    read_pages(w, r);
    write_blocks(w, r);
}

static void protect(struct worker *w, struct region *r)
{
    long count, page = choose(w, r, 16, &count);
    char *at = r->base + page * PAGE;
    failed("mprotect", w, mprotect(at, count * PAGE, PROT_READ));
    check("read-only page", w, at, r->tags + page * BLOCKS, BLOCKS);
    failed("mprotect", w, mprotect(at, count * PAGE, PROT_READ | PROT_WRITE));
}

/* From the region through a pipe into a buffer, and from a buffer through the pipe into the region. */
static void system_calls(struct worker *w, struct region *r)
{
    static __thread char buffer[8 * PAGE] __attribute__((aligned(16)));
    long count, page = choose(w, r, 8, &count), size = count * PAGE;
    char *at = r->base + page * PAGE;
    uint64_t *tags = r->tags + page * BLOCKS;
    if (failed("write from lazy memory", w, write(w->pipe[1], at, size) != size) || failed("read", w, read(w->pipe[0], buffer, size) != size))
        return;
    check("bytes that a system call read", w, buffer, tags, count * BLOCKS);
    page = choose(w, r, 8, &count), size = count * PAGE, at = r->base + page * PAGE, tags = r->tags + page * BLOCKS;
    for (long b = 0; b < count * BLOCKS; b++)
        fill_block(buffer + b * BLOCK, tags[b] = w->next_tag++);
    if (dice(w) & 1) {
        struct iovec from = { buffer, size }, to = { at, size };
        failed("process_vm_writev", w, process_vm_writev(getpid(), &from, 1, &to, 1, 0) != size);
    } else if (failed("write", w, write(w->pipe[1], buffer, size) != size) || failed("read into lazy memory", w, read(w->pipe[0], at, size) != size)) {
        return;
    }
    check("bytes that a system call wrote", w, at, tags, count * BLOCKS);
}

static int check_copy(struct worker *w, int whole)
{
    int wrong = 0;
    if (whole) {
        wrong += check("copy in a child", w, w->main.base, w->main.tags, w->main.pages * BLOCKS);
        wrong += check("copy in a child", w, w->growing.base, w->growing.tags, w->growing.pages * BLOCKS);
    } else {
        for (int i = 0; i < 50; i++)
            read_pages(w, &w->main);
    }
    return wrong || stop;
}

static int reap(struct worker *w, pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        DIFFERS("child %d of thread %d operation %ld ended with %x", child, w->number, w->operations, status);
        stop = 1;
        return 1;
    }
    return 0;
}

static void fork_and_check(struct worker *w)
{
    int whole = w->forks++ % 3 == 0, nested = dice(w) & 1;
    pid_t child = fork();
    if (failed("fork", w, child < 0))
        return;
    if (!child) {
        /* Only this thread exists now, and only its own part of the copy is at rest. */
        int wrong = 0;
        write_blocks(w, &w->main);
        drop(w, &w->main);
        if (nested) {
            pid_t grandchild = fork();
            if (!grandchild)
                _exit(check_copy(w, whole));
            wrong += grandchild < 0 || reap(w, grandchild);
        }
        _exit(wrong || check_copy(w, whole));
    }
    /* The parent goes on meanwhile, so that their memory goes apart. */
    for (int i = 0; i < 5; i++) {
        write_blocks(w, &w->main);
        read_pages(w, &w->main);
        drop(w, &w->main);
    }
    reap(w, child);
}

static void with_holes(struct worker *w, void (*operation)(struct worker *, struct region *), struct region *r)
{
    pthread_mutex_lock(&holes);
    operation(w, r);
    pthread_mutex_unlock(&holes);
}

static void step(struct worker *w)
{
    struct region *r = dice(w) % 8 ? &w->main : &w->growing;
    uint64_t x = dice(w) % 1000;
    if (x < 400)
        read_pages(w, r);
    else if (x < 700)
        write_blocks(w, r);
    else if (x < 760)
        drop(w, r);
    else if (x < 800)
        free_and_write(w, r);
    else if (x < 840)
        with_holes(w, map_anew, &w->main);
    else if (x < 870)
        with_holes(w, move, &w->main);
    else if (x < 880)
        with_holes(w, move_whole, &w->main);
    else if (x < 900)
        with_holes(w, grow, &w->growing);
    else if (x < 930)
        protect(w, &w->main);
    else if (x < 997)
        system_calls(w, r);
    else
        fork_and_check(w);
}

static void *run(void *argument)
{
    struct worker *w = argument;
    while (!target_may_go())
        target_sleep(1000000);
    for (w->operations = 0; w->operations < limit && !stop; w->operations++)
        step(w);
    if (!stop) {
        check("final", w, w->main.base, w->main.tags, w->main.pages * BLOCKS);
        check("final", w, w->growing.base, w->growing.tags, w->growing.pages * BLOCKS);
    }
    return NULL;
}

static void set_up(struct region *r, struct worker *w, long pages, long most)
{
    r->pages = pages;
    r->base = map(pages, PROT_READ | PROT_WRITE);
    if (huge && pages >= 512)
        MUST(madvise(r->base, pages * PAGE, MADV_HUGEPAGE));
    r->tags = MUST(mmap(NULL, most * BLOCKS * sizeof *r->tags, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (long b = 0; b < pages * BLOCKS; b++)
        if (huge || b / BLOCKS % 11 != 5)
            fill_block(r->base + b * BLOCK, r->tags[b] = w->next_tag++);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    limit = argc > 3 ? atol(argv[3]) : 4000;
    long pages = (argc > 4 ? atol(argv[4]) : 16) << 8;
    huge = argc > 5 && !strcmp(argv[5], "huge");
    for (int i = 0; i < THREADS; i++) {
        struct worker *w = &workers[i];
        w->number = i;
        w->random = seed * 1000 + i;
        w->next_tag = ((uint64_t)i + 1) << 40;
        MUST(pipe(w->pipe));
        set_up(&w->main, w, pages, pages);
        set_up(&w->growing, w, 64, 1024);
        w->elsewhere = map(pages, PROT_NONE);
        if (i == 1)
            madvise(w->main.base, pages * PAGE, MADV_HUGEPAGE);
        MUST0(pthread_create(&w->thread, NULL, run, w));
    }

    target_ready();
    target_wait();

    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    return target_finish();
}
