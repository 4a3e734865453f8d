// Sorting algorithms and data structures, which must agree with each other.
#include "corpus.h"

enum { COUNT = 3000 };
static uint64_t numbers[COUNT], expected[COUNT], scratch[COUNT];

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void fill(uint64_t seed)
{
    for (int i = 0; i < COUNT; i++)
        numbers[i] = random_edge(&seed);
}

static void quick(uint64_t *x, int n)
{
    while (n > 1) {
        uint64_t pivot = x[n / 2];
        int i = 0, j = n - 1;
        for (;; i++, j--) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i >= j)
                break;
            uint64_t t = x[i];
            x[i] = x[j], x[j] = t;
        }
        quick(x, i);
        x += j + 1, n -= j + 1;
    }
}

static void sift(uint64_t *x, int root, int n)
{
    for (int child; (child = 2 * root + 1) < n; root = child) {
        child += child + 1 < n && x[child + 1] > x[child];
        if (x[root] >= x[child])
            return;
        uint64_t t = x[root];
        x[root] = x[child], x[child] = t;
    }
}

static void heap(uint64_t *x, int n)
{
    for (int i = n / 2; i-- > 0;)
        sift(x, i, n);
    while (n-- > 1) {
        uint64_t t = x[0];
        x[0] = x[n], x[n] = t;
        sift(x, 0, n);
    }
}

static void merge(uint64_t *x, int n)
{
    if (n < 2)
        return;
    int half = n / 2;
    merge(x, half), merge(x + half, n - half);
    memcpy(scratch, x, (size_t)half * sizeof *x);
    for (int i = 0, j = half, k = 0; i < half; k++)
        x[k] = j < n && x[j] < scratch[i] ? x[j++] : scratch[i++];
}

static void radix(uint64_t *x, int n)
{
    for (int shift = 0; shift < 64; shift += 8) {
        int start[257] = {0};
        for (int i = 0; i < n; i++)
            start[(x[i] >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++)
            start[i + 1] += start[i];
        for (int i = 0; i < n; i++)
            scratch[start[x[i] >> shift & 255]++] = x[i];
        memcpy(x, scratch, (size_t)n * sizeof *x);
    }
}

static void insertion(uint64_t *x, int n)
{
    for (int i = 1; i < n; i++) {
        uint64_t value = x[i];
        int j = i;
        for (; j > 0 && x[j - 1] > value; j--)
            x[j] = x[j - 1];
        x[j] = value;
    }
}

PROGRAM(sorting)
{
    static void (*const sorts[])(uint64_t *, int) = {quick, heap, merge, radix, insertion};
    digest sum = DIGEST;
    for (uint64_t seed = 0; seed < 2; seed++) {
        fill(seed);
        memcpy(expected, numbers, sizeof numbers);
        qsort(expected, COUNT, sizeof *expected, compare);
        add_bytes(&sum, expected, sizeof expected);
        for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
            fill(seed);
            sorts[i](numbers, COUNT);
            CHECK(!memcmp(numbers, expected, sizeof numbers));
        }
        for (int i = 0; i < COUNT; i += 7)
            CHECK(bsearch(&expected[i], numbers, COUNT, sizeof *numbers, compare));
    }
    show("sorting", sum);
}

struct word { char text[24]; double key; int number; };

static int by_key(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key ? 1 : x->number - y->number;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

PROGRAM(records)
{
    static struct word words[1000];
    static char *texts[1000];
    uint64_t state = 71;
    digest sum = DIGEST;
    for (int i = 0; i < 1000; i++) {
        words[i].key = (double)(int64_t)(random_next(&state) % 400) / 3, words[i].number = i, texts[i] = words[i].text;
        snprintf(words[i].text, sizeof words[i].text, "%llx", (unsigned long long)random_edge(&state));
    }
    qsort(texts, 1000, sizeof *texts, by_text);
    for (int i = 0; i < 1000; i++)
        add_bytes(&sum, texts[i], strlen(texts[i]));
    qsort(words, 1000, sizeof *words, by_key);
    for (int i = 0; i < 1000; i++)
        add(&sum, (uint64_t)words[i].number);
    show("records", sum);
}

// A binary tree without balance, a hash table with chains, and a list: much pointer chasing and malloc.
struct node { struct node *left, *right; uint64_t key; long count; };

static struct node *insert(struct node **at, uint64_t key)
{
    while (*at && (*at)->key != key)
        at = key < (*at)->key ? &(*at)->left : &(*at)->right;
    if (!*at)
        *at = calloc(1, sizeof **at), (*at)->key = key;
    (*at)->count++;
    return *at;
}

static void walk(struct node *node, digest *sum)
{
    if (!node)
        return;
    walk(node->left, sum);
    add(sum, node->key), add(sum, (uint64_t)node->count);
    walk(node->right, sum);
    free(node);
}

PROGRAM(trees)
{
    static struct node *buckets[256];
    struct node *root = NULL;
    uint64_t state = 72;
    digest sum = DIGEST;
    for (int i = 0; i < 8000; i++) {
        uint64_t key = random_edge(&state) % 20011;
        insert(&root, key);
        insert(&buckets[key * 0x9e3779b97f4a7c15 >> 56], key);
        if (i % 3 == 0)
            free(malloc((size_t)(key % 3000) + 1));
    }
    walk(root, &sum);
    for (int i = 0; i < 256; i++)
        walk(buckets[i], &sum);
    show("trees", sum);
}
