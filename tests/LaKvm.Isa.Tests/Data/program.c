// A program whose compiled text is test data (program.txt): integers, strings, floating point, atomics and loops that
// the compiler turns into vector code. It is never run.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

struct node { struct node *next; long key; double weight; };

u32 crc32(const u8 *data, u64 length)
{
    u32 crc = ~0u;
    for (u64 i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

u64 mix(u64 a, u64 b)
{
    a ^= __builtin_bswap64(b) * 0x9e3779b97f4a7c15ull;
    a += (u64)__builtin_clzll(b | 1) << __builtin_ctzll(a | 1);
    a = a << 23 | a >> 41;
    return a ^ (u64)((unsigned __int128)a * b >> 64);
}

long divide(long a, long b, int c, unsigned d) { return a / b + a % b + c / (int)b + d % (unsigned)b; }

double average(const struct node *list)
{
    double sum = 0, weights = 0;
    for (; list; list = list->next) {
        sum += list->weight * (double)list->key;
        weights += list->weight < 0 ? -list->weight : list->weight;
    }
    return weights > 1e-9 ? sum / weights : __builtin_sqrt(-sum);
}

float polynomial(float x) { return ((0.5f * x + 1.25f) * x - 3.0f) * x + (float)(int)x; }

int classify(int c)
{
    switch (c) {
    case 'a': return 12;
    case 'b': return 7;
    case 'c': return -3;
    case 'd': return 99;
    case 'e': return 4096;
    case 'f': return 70000;
    case 'g': return -70000;
    default: return c > 0x7fff0000 ? 1 : 0;
    }
}

void add_floats(float *a, const float *b, int n) { for (int i = 0; i < n; i++) a[i] = a[i] * b[i] + 1.0f; }
void add_doubles(double *a, const double *b, int n) { for (int i = 0; i < n; i++) a[i] += b[i] * 3.0; }
void max_bytes(u8 *a, const u8 *b, int n) { for (int i = 0; i < n; i++) a[i] = a[i] > b[i] ? a[i] : b[i]; }
void widen(int *a, const short *b, int n) { for (int i = 0; i < n; i++) a[i] += b[i] * b[i]; }
long sum(const int *a, int n) { long s = 0; for (int i = 0; i < n; i++) s += a[i]; return s; }
void convert(double *a, const long *b, int n) { for (int i = 0; i < n; i++) a[i] = (double)b[i]; }

u64 atomics(u64 *p, u32 *q, u64 v)
{
    u64 r = __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST) + __atomic_exchange_n(q, (u32)v, __ATOMIC_ACQUIRE);
    r ^= __atomic_fetch_or(p, r, __ATOMIC_RELAXED);
    u64 expected = r;
    while (!__atomic_compare_exchange_n(p, &expected, expected + 1, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return r;
}

u64 cpucfg(u32 index) { u64 value; __asm__ volatile("cpucfg %0, %1" : "=r"(value) : "r"(index)); return value; }

u64 time(void) { u64 value; __asm__ volatile("rdtime.d %0, $zero" : "=r"(value)); return value; }

static long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

long run(u8 *buffer, u64 length, struct node *list)
{
    long r = crc32(buffer, length) + (long)mix(length, 3) + (long)average(list) + (long)polynomial((float)length);
    for (u64 i = 0; i < length; i++)
        buffer[i] = (u8)(classify(buffer[i]) ^ (int)(r >> (i & 63)));
    return r + fib((long)length & 31);
}
