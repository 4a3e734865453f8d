// Processes: fork with copy on write, pipes, sockets, shared memory, remapping, exec.
#define _GNU_SOURCE
#include "corpus.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(int expected)
{
    int status;
    CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == expected);
}

PROGRAM(forks)
{
    enum { SIZE = 1 << 20 };
    unsigned char *private = malloc(SIZE);
    volatile uint64_t *shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(private, 7, SIZE);
    fflush(stdout);
    for (int child = 0; child < 8; child++)
        if (!fork()) {
            digest sum = DIGEST;
            for (int i = child; i < SIZE; i += 4096)
                private[i] = (unsigned char)(private[i] + child + 1);
            for (int i = 0; i < SIZE; i += 512)
                add(&sum, private[i]);
            shared[child] = sum;
            _exit(child);
        }
    digest all = DIGEST;
    int codes = 0, status;
    for (int i = 0; i < 8; i++)
        CHECK(wait(&status) > 0), codes |= 1 << WEXITSTATUS(status);
    for (int i = 0; i < 8; i++)
        add(&all, shared[i]);
    for (int i = 0; i < SIZE; i++)
        CHECK(private[i] == 7);
    printf("%x ", codes), show("forks", all);
}

static void copy(int from, int to)
{
    char buffer[3000];
    for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < n; i++)
            buffer[i] ^= 0x20;
        for (ssize_t done = 0, part; done < n; done += part)
            CHECK((part = write(to, buffer + done, (size_t)(n - done))) > 0);
    }
}

PROGRAM(pipes)
{
    enum { SIZE = 300000 };
    int there[2], back[2];
    static unsigned char sent[SIZE], received[SIZE];
    uint64_t state = 111;
    for (int i = 0; i < SIZE; i++)
        sent[i] = (unsigned char)random_next(&state);
    CHECK(!pipe(there) && !socketpair(AF_UNIX, SOCK_STREAM, 0, back));
    if (!fork()) {
        close(there[1]), close(back[0]);
        copy(there[0], back[1]);
        _exit(3);
    }
    if (!fork()) {
        close(there[0]), close(back[0]), close(back[1]);
        CHECK(write(there[1], sent, SIZE) == SIZE);
        _exit(3);
    }
    close(there[0]), close(there[1]), close(back[1]);
    size_t size = 0;
    for (ssize_t n; size < SIZE && (n = read(back[0], received + size, SIZE - size)) > 0;)
        size += (size_t)n;
    for (size_t i = 0; i < size; i++)
        CHECK(received[i] == (sent[i] ^ 0x20));
    reap(3), reap(3);
    printf("%zu bytes\n", size);
}

PROGRAM(mappings)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = memfd_create("corpus", 0);
    CHECK(file >= 0 && !ftruncate(file, (off_t)(8 * page)));
    char *one = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *two = mmap(NULL, 8 * page, PROT_READ, MAP_SHARED, file, 0);
    char *private = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    for (size_t i = 0; i < 8; i++) {
        one[i * page + 9] = (char)(i + 1);
        CHECK(two[i * page + 9] == (char)(i + 1) && private[i * page + 9] == (char)(i + 1));
    }
    private[9] = 99, one[10] = 98;
    CHECK(one[9] == 1 && two[9] == 1 && two[10] == 98 && private[10] == 0);
    // Pages change places while another mapping shows the file as it was.
    CHECK(mremap(one + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, one + 3 * page) == one + 3 * page);
    CHECK(one[3 * page + 9] == 2 && two[3 * page + 9] == 4);
    one[3 * page + 9] = 50;
    CHECK(two[page + 9] == 50);
    char *grown = mremap(private, 8 * page, 8 * page, 0);
    CHECK(grown == private && !madvise(private, 8 * page, MADV_DONTNEED) && private[9] == 1);
    char *zeros = mmap(NULL, 64 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 64 * page; i += page / 2)
        CHECK(zeros[i] == 0), zeros[i] = 1;
    CHECK(!madvise(zeros, 32 * page, MADV_DONTNEED) && zeros[0] == 0 && zeros[32 * page] == 1);
    puts("mappings hold");
}

PROGRAM(executions)
{
    for (volatile int i = 0; i < 5; i++) {
        fflush(stdout);
        pid_t child = i & 1 ? vfork() : fork();
        if (!child) {
            execl("/proc/self/exe", "corpus", i & 1 ? "bytecode" : "switches", (char *)NULL);
            _exit(9);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
    }
}
