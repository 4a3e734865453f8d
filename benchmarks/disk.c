/* Reads and writes the disk given directly, one request at a time, at places without order; prints what a request takes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void measure(const char *name, int fd, size_t size, int count, int write)
{
    static char buffer[1 << 20] __attribute__((aligned(4096)));
    off_t places = lseek(fd, 0, SEEK_END) / size;
    unsigned random = 1;
    double start = now();
    for (int i = 0; i < count; i++) {
        random = random * 1664525 + 1013904223;
        off_t at = random / 7 % places * size;
        ssize_t done = write ? pwrite(fd, buffer, size, at) : pread(fd, buffer, size, at);
        if (done != (ssize_t)size) {
            perror(name);
            exit(1);
        }
    }
    printf("disk %s %.2f\n", name, (now() - start) / count);
}

int main(int argc, char **argv)
{
    int fd = open(argc > 1 ? argv[1] : "/dev/vda", O_RDWR | O_DIRECT);
    if (fd < 0) {
        perror("open");
        return 1;
    }
    measure("read-4k", fd, 4096, 10000, 0);
    measure("write-4k", fd, 4096, 10000, 1);
    measure("read-1m", fd, 1 << 20, 200, 0);
    return 0;
}
