/* Quicksort and heapsort of numbers, and the C library's qsort of records with a comparison function. */
#include "programs.h"
#include <stdlib.h>
#include <string.h>

#define COUNT 100000
#define ROUNDS 5

struct record {
    char key[12];
    uint32_t value;
};

static int64_t numbers[COUNT];
static struct record records[COUNT / 4];

static void quicksort(int64_t *first, int64_t *last)
{
    while (last - first > 12) {
        int64_t pivot = first[(last - first) / 2], *left = first, *right = last;
        while (left <= right) {
            while (*left < pivot)
                left++;
            while (*right > pivot)
                right--;
            if (left <= right) {
                int64_t swap = *left;
                *left++ = *right;
                *right-- = swap;
            }
        }
        quicksort(first, right);
        first = left;
    }
    for (int64_t *at = first + 1; at <= last; at++) {
        int64_t value = *at, *to = at;
        for (; to > first && to[-1] > value; to--)
            *to = to[-1];
        *to = value;
    }
}

static void sift_down(int64_t *heap, unsigned root, unsigned size)
{
    int64_t value = heap[root];
    for (unsigned child; (child = 2 * root + 1) < size; root = child) {
        if (child + 1 < size && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= value)
            break;
        heap[root] = heap[child];
    }
    heap[root] = value;
}

static void heapsort_numbers(int64_t *heap, unsigned size)
{
    for (unsigned root = size / 2; root-- > 0;)
        sift_down(heap, root, size);
    while (size > 1) {
        int64_t largest = heap[0];
        heap[0] = heap[--size];
        heap[size] = largest;
        sift_down(heap, 0, size);
    }
}

static int by_key(const void *a, const void *b)
{
    int order = strcmp(((const struct record *)a)->key, ((const struct record *)b)->key);
    return order != 0 ? order : (int)((const struct record *)a)->value - (int)((const struct record *)b)->value;
}

static void fill(uint64_t *random)
{
    for (unsigned n = 0; n < COUNT; n++)
        numbers[n] = next_random(random);
    for (unsigned n = 0; n < COUNT / 4; n++) {
        uint64_t value = next_random(random);
        for (unsigned c = 0; c < 11; c++)
            records[n].key[c] = 'a' + (value >> (5 * c) & 3);
        records[n].value = n;
    }
}

uint64_t sort(void)
{
    uint64_t random = 0x9e3779b97f4a7c15u, sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        fill(&random);
        quicksort(numbers, numbers + COUNT / 2);
        heapsort_numbers(numbers + COUNT / 2, COUNT / 2);
        qsort(records, COUNT / 4, sizeof *records, by_key);
        for (unsigned n = 0; n < COUNT; n += 97)
            sum = fold(sum, numbers[n]);
        for (unsigned n = 0; n < COUNT / 4; n += 31)
            sum = fold(sum, records[n].value);
    }
    return sum;
}
