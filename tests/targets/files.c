/* Descriptors of files with a path, and of one that lost its path. */
#include "target.h"
#include <dirent.h>
#include <linux/kcmp.h>
#include <sys/sysmacros.h>

struct expected { int fd, status, descriptor; };

static struct expected look(int fd)
{
    return (struct expected){ fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD) };
}

static void expect_look(const char *what, struct expected e)
{
    EXPECT_EQ(what, e.status, fcntl(e.fd, F_GETFL));
    EXPECT_EQ(what, e.descriptor, fcntl(e.fd, F_GETFD));
}

static int same_description(int a, int b)
{
    return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

static void expect_device(int fd, int major_number, int minor_number)
{
    struct stat info = { 0 };
    EXPECT_EQ("device can be examined", 0, fstat(fd, &info));
    EXPECT_EQ("device number", makedev(major_number, minor_number), info.st_rdev);
}

static void expect_read(const char *what, int fd, const char *text)
{
    char buffer[128] = "";
    ssize_t n = read(fd, buffer, strlen(text));
    if (n != (ssize_t)strlen(text))
        DIFFERS("%s: read returned %zd errno %d", what, n, errno);
    EXPECT_STR(what, text, buffer);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    const char *path = strdup(target_path("regular"));
    int writer = MUST(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    MUST(write(writer, "0123456789abcdefghijklmnopqrstuvwxyz", 36));
    MUST(lseek(writer, 7, SEEK_SET));
    int reader = MUST(open(path, O_RDONLY | O_NONBLOCK));
    MUST(lseek(reader, 20, SEEK_SET));
    int appender = MUST(open(target_path("appended"), O_WRONLY | O_CREAT | O_APPEND | O_DSYNC, 0600));
    MUST(write(appender, "before ", 7));
    int twin = MUST(dup(reader));
    int high = MUST(fcntl(reader, F_DUPFD_CLOEXEC, 800));
    int beyond = MUST(open(path, O_RDONLY));
    MUST(lseek(beyond, 1000000, SEEK_SET));

    int deleted = MUST(open(target_path("deleted"), O_RDWR | O_CREAT, 0600));
    static char page[PAGE];
    for (int i = 0; i < 40; i++) {
        target_fill(page, 500 + i);
        MUST(pwrite(deleted, page, PAGE, i * 3 * PAGE));
    }
    MUST(write(deleted, "tail", 4));
    MUST(ftruncate(deleted, 200 * PAGE + 5));
    MUST(unlink(target_path("deleted")));
    int deleted_twin = MUST(dup(deleted));

    MUST(mkdir(target_path("folder"), 0700));
    close(MUST(open(target_path("folder/inside"), O_WRONLY | O_CREAT, 0600)));
    int directory = MUST(open(target_path("folder"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int place = MUST(open(path, O_PATH | O_CLOEXEC));
    int null = MUST(open("/dev/null", O_RDWR));
    int zero = MUST(open("/dev/zero", O_RDONLY));
    int random = MUST(open("/dev/urandom", O_RDONLY | O_CLOEXEC));

    struct expected looks[] = { look(0), look(1), look(2), look(writer), look(reader), look(appender), look(twin), look(high), look(deleted),
        look(directory), look(place), look(null), look(zero), look(random), look(beyond) };
    struct stat before, after;
    MUST(fstat(deleted, &before));

    target_ready();
    target_wait();

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        char what[32];
        snprintf(what, sizeof what, "flags of descriptor %d", looks[i].fd);
        expect_look(what, looks[i]);
    }
    EXPECT_EQ("offset", 7, lseek(writer, 0, SEEK_CUR));
    expect_read("file at its offset", writer, "789abc");
    expect_read("second description", reader, "klm");
    EXPECT_EQ("offset of the duplicate", 23, lseek(twin, 0, SEEK_CUR));
    EXPECT_EQ("offset of the high duplicate", 23, lseek(high, 0, SEEK_CUR));
    EXPECT("duplicates share their description", same_description(reader, twin) && same_description(reader, high) && high >= 800);
    EXPECT("the same file opened twice is not shared", !same_description(reader, writer) && !same_description(reader, beyond));
    EXPECT_EQ("offset beyond the end", 1000000, lseek(beyond, 0, SEEK_CUR));
    EXPECT_EQ("write to the file", 1, pwrite(writer, "X", 1, 35));
    EXPECT_EQ("append", 5, write(appender, "after", 5));
    EXPECT_STR("appended text", "before after", target_read(target_path("appended"), NULL));
    EXPECT_EQ("read-only description refuses to write", -1, write(reader, "x", 1));

    EXPECT_EQ("deleted file", 0, fstat(deleted, &after));
    EXPECT_EQ("size of the deleted file", before.st_size, after.st_size);
    EXPECT_EQ("mode of the deleted file", before.st_mode, after.st_mode);
    EXPECT_EQ("links of the deleted file", 0, after.st_nlink);
    EXPECT_EQ("offset in the deleted file", 4, lseek(deleted, 0, SEEK_CUR));
    EXPECT_EQ("offset of its duplicate", 4, lseek(deleted_twin, 0, SEEK_CUR));
    EXPECT("duplicates of the deleted file", same_description(deleted, deleted_twin));
    for (int i = 0; i < 120; i++) {
        EXPECT_EQ("deleted file can be read", PAGE, pread(deleted, page, PAGE, i * PAGE));
        if (i == 0) {
            EXPECT("start of the deleted file", !memcmp(page, "tail", 4));
            *(uint32_t *)page = (uint32_t)target_word(500, 0);
        }
        expect_page("deleted file", i, page, i % 3 ? 0 : 500 + i / 3);
    }
    EXPECT_EQ("deleted file can be written", 4, write(deleted_twin, "more", 4));

    DIR *entries = fdopendir(dup(directory));
    int found = 0;
    for (struct dirent *e; entries && (e = readdir(entries));)
        found += !strcmp(e->d_name, "inside");
    EXPECT_EQ("directory lists its file", 1, found);
    EXPECT_EQ("directory can be used", 0, faccessat(directory, "inside", F_OK, 0));
    char link[64], target[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    (void)!readlink(link, target, sizeof target - 1);
    EXPECT_STR("O_PATH descriptor", path, target);
    expect_device(null, 1, 3);
    expect_device(zero, 1, 5);
    expect_device(random, 1, 9);
    char bytes[16] = { 1 };
    EXPECT("/dev/zero", read(zero, bytes, sizeof bytes) == sizeof bytes && bytes[0] == 0);
    EXPECT("/dev/urandom", read(random, bytes, sizeof bytes) == sizeof bytes);
    printf("standard output still works\n");
    EXPECT_EQ("standard output", 0, fflush(stdout));
    return target_finish();
}
