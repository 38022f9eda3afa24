/*
 * What every target program shares: it sets a state up, reports that it is ready, waits for the word to go on, and then
 * checks its own state from inside.
 *
 *   argv[1]         a directory of its own
 *   DIR/ready       appears once the state is set up
 *   DIR/go          the harness creates it when the checks shall run
 *   DIR/log         "differs: ..." for every difference, then "ok" or "failed"
 *
 * No descriptor of the protocol stays open while the program waits. The exit code is 0 when everything held, 1 when
 * something differed, 2 when the state could not be set up.
 */
#ifndef TARGET_H
#define TARGET_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define SECOND 1000000000LL
#define UNUSED __attribute__((unused))

static char target_dir[4000];
static int target_differences;
/* The longest time between two looks for DIR/go: how long the program was not running at all. */
static long long target_longest_pause;

static UNUSED const char *target_path(const char *name)
{
    static __thread char path[4][4200];
    static __thread int next;
    char *p = path[next++ & 3];
    snprintf(p, sizeof path[0], "%s/%s", target_dir, name);
    return p;
}

static UNUSED void target_say(const char *format, ...)
{
    char line[8192];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    int fd = open(target_path("log"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, line, length) != length)
        _exit(3);
    close(fd);
}

#define DIFFERS(...) \
    do { \
        __atomic_add_fetch(&target_differences, 1, __ATOMIC_SEQ_CST); \
        target_say("differs: " __VA_ARGS__); \
    } while (0)

#define EXPECT_EQ(what, expected, got) \
    do { \
        long long expected_ = (long long)(expected), got_ = (long long)(got); \
        if (expected_ != got_) \
            DIFFERS("%s expected %lld (0x%llx) got %lld (0x%llx)", what, expected_, expected_, got_, got_); \
    } while (0)

#define EXPECT_STR(what, expected, got) \
    do { \
        const char *expected_ = (expected), *got_ = (got); \
        if (strcmp(expected_, got_)) \
            DIFFERS("%s expected \"%s\" got \"%s\"", what, expected_, got_); \
    } while (0)

#define EXPECT(what, condition) \
    do { \
        if (!(condition)) \
            DIFFERS("%s expected %s (errno %d)", what, #condition, errno); \
    } while (0)

/* For the set-up: a call that must not fail. */
#define MUST(call) \
    ({ \
        __typeof__(call) result_ = (call); \
        if ((long)result_ == -1) { \
            target_say("setup: %s:%d: %s: %s", __FILE__, __LINE__, #call, strerror(errno)); \
            _exit(2); \
        } \
        result_; \
    })

/* For the set-up: pthread calls, which return their error. */
#define MUST0(call) \
    do { \
        int error_ = (call); \
        if (error_) { \
            target_say("setup: %s:%d: %s: %s", __FILE__, __LINE__, #call, strerror(error_)); \
            _exit(2); \
        } \
    } while (0)

static UNUSED long long target_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static UNUSED void target_sleep(long long nanoseconds)
{
    struct timespec time = { nanoseconds / SECOND, nanoseconds % SECOND };
    while (nanosleep(&time, &time) && errno == EINTR)
        ;
}

static UNUSED void target_start(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        exit(2);
    }
    snprintf(target_dir, sizeof target_dir, "%s", argv[1]);
}

static UNUSED void target_ready(void)
{
    int fd = MUST(open(target_path("ready.part"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    dprintf(fd, "%d\n", getpid());
    close(fd);
    MUST(rename(target_path("ready.part"), target_path("ready")));
}

static UNUSED int target_may_go(void)
{
    return access(target_path("go"), F_OK) == 0;
}

static UNUSED void target_wait(void)
{
    long long last = target_now();
    while (!target_may_go()) {
        target_sleep(2000000);
        long long now = target_now();
        if (now - last > target_longest_pause)
            target_longest_pause = now - last;
        last = now;
    }
}

static UNUSED int target_finish(void)
{
    target_say(target_differences ? "failed" : "ok");
    return target_differences ? 1 : 0;
}

/* Pages that tell where they belong: 512 words made of a tag; tag 0 is a page of zeros. */
static UNUSED uint64_t target_word(uint64_t tag, uint64_t index)
{
    if (!tag)
        return 0;
    uint64_t x = tag * 0x9E3779B97F4A7C15ull + index * 0xD1B54A32D192ED03ull;
    x ^= x >> 31;
    x *= 0xBF58476D1CE4E5B9ull;
    return x ^ (x >> 27);
}

static UNUSED void target_fill(void *page, uint64_t tag)
{
    for (uint64_t i = 0; i < PAGE / 8; i++)
        ((uint64_t *)page)[i] = target_word(tag, i);
}

/* The index of the first word that is not as the tag demands; -1 when all are. */
static UNUSED int target_wrong_word(const void *page, uint64_t tag)
{
    for (uint64_t i = 0; i < PAGE / 8; i++)
        if (((const volatile uint64_t *)page)[i] != target_word(tag, i))
            return (int)i;
    return -1;
}

static UNUSED void expect_page(const char *what, long index, const void *page, uint64_t tag)
{
    int word = target_wrong_word(page, tag);
    if (word >= 0)
        DIFFERS("%s page %ld at %p word %d expected %016llx got %016llx", what, index, page, word,
            (unsigned long long)target_word(tag, word), (unsigned long long)((const volatile uint64_t *)page)[word]);
}

/* Reads a small file whole; the result is terminated and lives until the program ends. */
static UNUSED char *target_read(const char *path, size_t *length)
{
    size_t used = 0, size = 1 << 16;
    char *text = malloc(size);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n;
        while ((n = read(fd, text + used, size - used - 1)) > 0) {
            used += n;
            if (used + 1 == size)
                text = realloc(text, size *= 2);
        }
        close(fd);
    }
    text[used] = 0;
    if (length)
        *length = used;
    return text;
}

#endif
