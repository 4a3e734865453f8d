/* Runs programs and prints for each "program NAME MICROSECONDS CHECKSUM". As first process of a machine it runs those
   that its arguments name, or all, and switches the machine off. */
#include "programs.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Microseconds of rest behind each program, in which who measures from outside can see what it took. */
#define PAUSE 250000

/* Microseconds after which the kernel has done what it begins while it boots (it tests its cryptography, for one). */
#define SETTLE 3000000

static const struct {
    const char *name;
    uint64_t (*run)(void);
} programs[] = {
    { "hash", hash }, { "compress", compress }, { "sort", sort }, { "mix", mix }, { "calls", calls },
    { "nbody", nbody }, { "matrix", matrix }, { "matrix-lsx", matrix_lsx }, { "matrix-lasx", matrix_lasx },
    { "memory", memory }, { "strings", strings }, { "bytecode", bytecode }, { "processes", processes },
    { "syscalls", syscalls }, { "page-faults", page_faults },
};

static uint64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

static int is_wanted(const char *name, int count, char **wanted)
{
    for (int n = 0; n < count; n++)
        if (strcmp(name, wanted[n]) == 0)
            return 1;
    return count == 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "nothing") == 0)
        return 7;
    if (getpid() == 1) {
        mkdir("/proc", 0755);
        mount("proc", "/proc", "proc", 0, 0);
        mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
    }
    if (getpid() == 1)
        usleep(SETTLE);
    puts("programs begin");
    fflush(stdout);
    usleep(PAUSE);
    for (unsigned n = 0; n < sizeof programs / sizeof *programs; n++) {
        if (!is_wanted(programs[n].name, count - 1, arguments + 1))
            continue;
        uint64_t start = microseconds();
        uint64_t sum = programs[n].run();
        printf("program %s %llu %016llx\n", programs[n].name, (unsigned long long)(microseconds() - start),
               (unsigned long long)sum);
        fflush(stdout);
        usleep(PAUSE);
    }
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 0;
}
