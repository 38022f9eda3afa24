/*
 * start PORT COMMAND...: prints the seconds from before the command is started until the redis at PORT has answered a GET; with port 0, until
 * the command has ended. 200 further GETs follow at once, and the microseconds of their median and of their 99th percentile stand behind
 * that; then the redis is told to end. What the command prints goes into the file "started".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

enum { GETS = 200 };

static void run(char **command)
{
    int nothing = open("/dev/null", O_RDWR), output = open("started", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(nothing, 0), dup2(output, 1), dup2(nothing, 2);
    closefrom(3);
    execv(command[0], command);
    _exit(127);
}

/* One try; the connection, or -1 while nothing listens. */
static int ask(int port)
{
    static const char request[] = "GET key:77\r\n";
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!connect(connection, (struct sockaddr *)&address, sizeof address)
        && write(connection, request, sizeof request - 1) == sizeof request - 1)
        return connection;
    close(connection);
    return -1;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The times of GETs of keys all over the memory, in microseconds, ascending. */
static int get_more(int connection, double *times)
{
    unsigned state = 1;
    for (int i = 0; i < GETS; i++) {
        char text[2048];
        state = state * 1664525u + 1013904223u;
        int length = sprintf(text, "GET key:%u\r\n", (state >> 8) % 1000000);
        double from = now();
        if (write(connection, text, length) != length)
            return -1;
        /* Values have 1000 bytes: "$1000", the value, and two line ends. */
        for (int got = 0, part; got < 1000; got += part)
            if ((part = read(connection, text, sizeof text)) < 1)
                return -1;
        times[i] = (now() - from) * 1e6;
    }
    qsort(times, GETS, sizeof *times, compare);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int port = atoi(argv[1]), status = 0, connection = -1;
    double from = now(), to;
    pid_t child = fork();
    if (!child)
        run(argv + 2);
    char answer[64] = "";
    while (port && (connection = ask(port)) < 0 && !waitpid(child, &status, WNOHANG))
        usleep(500);
    if (port ? connection < 0 || read(connection, answer, sizeof answer - 1) < 2 : waitpid(child, &status, 0) != child)
        status = -1;
    to = now();
    if (status || (port && (answer[0] != '$' || answer[1] == '-'))) {
        fprintf(stderr, "%s: no answer, or exit status 0x%x\n", argv[2], status);
        return 1;
    }
    double times[GETS] = { 0 };
    if (port) {
        if (get_more(connection, times)) {
            fprintf(stderr, "%s: a GET failed\n", argv[2]);
            return 1;
        }
        dprintf(connection, "SHUTDOWN NOSAVE\r\n");
        waitpid(child, &status, 0);
    }
    printf("%.6f %.1f %.1f\n", to - from, times[GETS / 2], times[GETS * 99 / 100]);
    return 0;
}
