// Code that is made while it runs: written, rewritten, moved, mapped twice, made by another thread or process.
#define _GNU_SOURCE
#include "corpus.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int function(int);
enum { AREA = 65536 };

// Writes a function that adds a constant of 11 bits to its argument; returns its size.
static size_t emit(void *at, int constant)
{
#if defined(__loongarch__)
    uint32_t code[] = {0x02800084 | (uint32_t)(constant & 0x7ff) << 10, 0x4c000020}; // addi.w $a0, $a0, constant; ret
#elif defined(__x86_64__)
    unsigned char code[] = {0x8d, 0x87, 0, 0, 0, 0, 0xc3, 0}; // lea eax, [rdi + constant]; ret
    memcpy(code + 2, &constant, 4);
#else
#error "no code for this processor"
#endif
    memcpy(at, code, sizeof code);
    return sizeof code;
}

static void flush(void *at, size_t size) { __builtin___clear_cache(at, (char *)at + size); }

static char *area(int protection)
{
    char *p = mmap(NULL, AREA, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static int call(void *at, int x) { return ((function *)(uintptr_t)at)(x); }

// The same place again and again, warm enough for any translator to have its code.
PROGRAM(rewriting)
{
    char *p = area(PROT_READ | PROT_WRITE | PROT_EXEC);
    uint64_t total = 0;
    for (int version = 0; version < 300; version++) {
        flush(p, emit(p, version));
        for (int i = 0; i < (version % 10 ? 3 : 200); i++) {
            int result = call(p, i);
            CHECK(result == i + version);
            total += (uint64_t)result;
        }
    }
    printf("%llu\n", (unsigned long long)total);
}

// Functions side by side in one page, one of which changes while its neighbours stay; data between them changes too.
PROGRAM(neighbours)
{
    char *p = area(PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < 256; i++)
        flush(p + 64 * i, emit(p + 64 * i, i));
    for (int round = 0; round < 60; round++) {
        int changed = round * 37 % 256;
        flush(p + 64 * changed, emit(p + 64 * changed, 1000 + round));
        p[64 * 5 + 40] = (char)round;
        CHECK(call(p + 64 * changed, 1) == 1001 + round);
        for (int i = 0; i < 256; i += 3)
            CHECK(i == changed || call(p + 64 * i, 0) >= 0);
        flush(p + 64 * changed, emit(p + 64 * changed, changed));
    }
    for (int i = 0; i < 256; i++)
        CHECK(call(p + 64 * i, 7) == i + 7);
    puts("neighbours hold");
}

// Written through one mapping, executed through another; and with rights that change.
PROGRAM(double_mappings)
{
    int file = memfd_create("code", 0);
    CHECK(!ftruncate(file, AREA));
    char *writable = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *executable = mmap(NULL, AREA, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    for (int version = 0; version < 100; version++) {
        size_t offset = (size_t)version % 4 * 16384 + 8;
        flush(executable + offset, emit(writable + offset, version));
        for (int i = 0; i < 40; i++)
            CHECK(call(executable + offset, i) == i + version);
    }
    char *p = area(PROT_READ | PROT_WRITE);
    for (int version = 0; version < 60; version++) {
        size_t size = emit(p, version);
        CHECK(!mprotect(p, AREA, PROT_READ | PROT_EXEC));
        flush(p, size);
        for (int i = 0; i < 40; i++)
            CHECK(call(p, i) == i + version);
        CHECK(!mprotect(p, AREA, PROT_READ | PROT_WRITE));
    }
    // A new mapping at the place where code was.
    for (int version = 0; version < 20; version++) {
        CHECK(mmap(p, AREA, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
        flush(p, emit(p, 500 + version));
        for (int i = 0; i < 20; i++)
            CHECK(call(p, i) == 500 + version + i);
    }
    puts("mappings hold");
}

static char *common;
static _Atomic int version, done;

static void *execute(void *unused)
{
    (void)unused;
    for (int seen = 0; seen < 200;) {
        int now = version;
        if (now == seen)
            continue;
        seen = now;
        flush(common + seen * 16, 16);
        CHECK(call(common + seen * 16, 3) == 3 + seen);
        done = seen;
    }
    return NULL;
}

PROGRAM(other_threads)
{
    common = area(PROT_READ | PROT_WRITE | PROT_EXEC);
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, execute, NULL));
    for (int i = 1; i <= 200; i++) {
        flush(common + i * 16, emit(common + i * 16, i));
        version = i;
        while (done != i) {
        }
    }
    pthread_join(thread, NULL);
    // The child's copy of the page changes, the parent's does not.
    flush(common, emit(common, 1));
    CHECK(call(common, 1) == 2);
    fflush(stdout);
    if (!fork()) {
        flush(common, emit(common, 40));
        _exit(call(common, 2));
    }
    int status;
    CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 42 && call(common, 1) == 2);
    puts("threads and processes agree");
}
