// Threads on several processors: atomics of every size, locks, conditions, thread-local storage, orders of memory.
#define _GNU_SOURCE
#include "corpus.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 4000 };

static void together(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, body, (void *)i));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
}

static _Atomic uint8_t a8;
static _Atomic uint16_t a16;
static _Atomic uint32_t a32, bits, most, swapped, compared;
static _Atomic uint64_t a64, product = 1, nand, handed;
static struct { char before; _Atomic uint8_t byte[7]; } neighbours;

static void *count(void *number)
{
    intptr_t me = (intptr_t)number;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        a8++;
        a16 += 3;
        a32 -= 7;
        a64 += 0x100000001;
        atomic_fetch_or(&bits, 1u << (i % 8 + 8 * (uint32_t)me));
        atomic_fetch_xor(&nand, 1ULL << (i % 61));
        neighbours.byte[me]++;
        uint32_t seen = most, mine = i * 4 + (uint32_t)me;
        while (mine > seen && !atomic_compare_exchange_weak(&most, &seen, mine)) {
        }
        uint32_t old = compared;
        while (!atomic_compare_exchange_strong(&compared, &old, old * 5 + 1)) {
        }
        uint64_t times = product;
        while (!atomic_compare_exchange_weak(&product, &times, times * 3)) {
        }
        // What is taken out is added up: nothing is lost, nothing is seen twice.
        handed += atomic_exchange(&swapped, i);
    }
    return NULL;
}

PROGRAM(atomics)
{
    together(count);
    uint64_t all = (uint64_t)THREADS * (ROUNDS * (uint64_t)(ROUNDS - 1) / 2);
    CHECK(handed + swapped == all);
    printf("%u %u %u %llx\n", a8, a16, a32, (unsigned long long)a64);
    printf("%x %u %u %llx %llx\n", bits, most, compared, (unsigned long long)product, (unsigned long long)nand);
    for (int i = 0; i < 7; i++)
        printf("%u%c", neighbours.byte[i], i < 6 ? ' ' : '\n');
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t guard = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static long locked, spun, turn, first_half, second_half;

static void *share(void *number)
{
    for (int i = 0; i < ROUNDS / 8; i++) {
        pthread_mutex_lock(&mutex), locked++, pthread_mutex_unlock(&mutex);
        pthread_spin_lock(&spin), spun += 2, pthread_spin_unlock(&spin);
        if (i % 4 == 0) {
            pthread_rwlock_wrlock(&guard), first_half++, second_half--, pthread_rwlock_unlock(&guard);
        } else {
            pthread_rwlock_rdlock(&guard);
            CHECK(first_half == -second_half);
            pthread_rwlock_unlock(&guard);
        }
    }
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != (intptr_t)number)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

PROGRAM(locks)
{
    pthread_barrier_init(&barrier, NULL, THREADS);
    pthread_spin_init(&spin, 0);
    together(share);
    printf("%ld %ld %ld %ld\n", locked, spun, turn, first_half);
}

static __thread long local = 5, zero;
static __thread char area[1000];
static pthread_key_t key;
static _Atomic int freed;

static void count_freed(void *value) { freed += *(int *)value; }

static void *localize(void *number)
{
    static int values[THREADS] = {1, 10, 100, 1000};
    pthread_setspecific(key, &values[(intptr_t)number]);
    for (int i = 0; i < 200; i++) {
        local += (intptr_t)number, zero--, area[i]++;
        if (i % 20 == 0)
            sched_yield();
    }
    CHECK(local == 5 + 200 * (intptr_t)number && zero == -200 && area[199] == 1 && area[200] == 0);
    return NULL;
}

PROGRAM(locals)
{
    pthread_key_create(&key, count_freed);
    together(localize);
    printf("%ld %ld %d\n", local, zero, freed);
}

// Message passing and Dekker's pattern: what the memory model forbids must not be seen.
static _Atomic long flag_x, flag_y, message, ready, forbidden;

static void *pass(void *number)
{
    for (long i = 1; i <= ROUNDS / 2; i++)
        if ((intptr_t)number == 0) {
            atomic_store_explicit(&message, i, memory_order_relaxed);
            atomic_store_explicit(&ready, i, memory_order_release);
        } else if ((intptr_t)number == 1) {
            long seen = atomic_load_explicit(&ready, memory_order_acquire);
            forbidden += atomic_load_explicit(&message, memory_order_relaxed) < seen;
        }
    return NULL;
}

static long results[2];

static void *cross(void *number)
{
    intptr_t me = (intptr_t)number;
    for (int i = 0; i < 300; i++) {
        pthread_barrier_wait(&barrier);
        if (me < 2) {
            atomic_store(me ? &flag_y : &flag_x, 1);
            results[me] = atomic_load(me ? &flag_x : &flag_y);
        }
        pthread_barrier_wait(&barrier);
        if (me == 0) {
            forbidden += !results[0] && !results[1];
            flag_x = flag_y = 0;
        }
    }
    return NULL;
}

PROGRAM(orders)
{
    pthread_barrier_init(&barrier, NULL, THREADS);
    together(pass);
    together(cross);
    printf("%ld forbidden\n", forbidden);
}
