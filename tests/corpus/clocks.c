// Time: clocks that never go back, on any processor; sleeps that are long enough; timers that come.
#define _GNU_SOURCE
#include "corpus.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static int64_t now(clockid_t clock)
{
    struct timespec t;
    CHECK(!clock_gettime(clock, &t) && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static _Atomic int64_t latest;
static _Atomic int backwards;

static void *watch(void *number)
{
    (void)number;
    for (int i = 0; i < 2000; i++) {
        int64_t seen = latest, time = now(CLOCK_MONOTONIC);
        backwards += time < seen;
        while (time > seen && !__atomic_compare_exchange_n((int64_t *)&latest, &seen, time, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        }
        if (i % 100 == 0)
            sched_yield();
    }
    return NULL;
}

PROGRAM(clocks)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, watch, NULL));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("%d steps back\n", backwards);
    int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
    for (int i = 0; i < 5; i++) {
        int64_t before = now(CLOCK_MONOTONIC);
        struct timespec pause = {0, 2000000 * (i + 1)};
        CHECK(!nanosleep(&pause, NULL));
        CHECK(now(CLOCK_MONOTONIC) - before >= pause.tv_nsec);
    }
    CHECK(now(CLOCK_PROCESS_CPUTIME_ID) >= cpu && now(CLOCK_MONOTONIC) - start >= 30000000);
    // Time since the epoch is that of a machine with a clock, or starts there; it advances as the other does.
    int64_t wall = now(CLOCK_REALTIME), mono = now(CLOCK_MONOTONIC);
    usleep(20000);
    int64_t difference = (now(CLOCK_REALTIME) - wall) - (now(CLOCK_MONOTONIC) - mono);
    CHECK(difference < 1000000000 && difference > -1000000000);
    puts("sleeps are long enough");
}

static volatile sig_atomic_t ticks;
static void tick(int number) { (void)number, ticks++; }

PROGRAM(timers)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec every = {{0, 3000000}, {0, 3000000}}, never = {{0, 0}, {0, 0}};
    timer_t timer;
    signal(SIGRTMIN, tick);
    CHECK(!timer_create(CLOCK_MONOTONIC, &event, &timer));
    int64_t start = now(CLOCK_MONOTONIC);
    CHECK(!timer_settime(timer, 0, &every, NULL));
    while (ticks < 10)
        sched_yield();
    CHECK(now(CLOCK_MONOTONIC) - start >= 10 * 3000000LL && !timer_settime(timer, 0, &never, NULL));
    puts("timers come");
}
