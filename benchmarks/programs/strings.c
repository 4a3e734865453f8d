/* The C library's routines on memory blocks and on strings. */
#include "programs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK (1 << 18)
#define WORDS 3000

static uint8_t from[BLOCK + 64], to[BLOCK + 64];
static char words[WORDS][24], text[WORDS * 24];

uint64_t memory(void)
{
    uint64_t sum = 0;
    for (int round = 0; round < 120; round++) {
        memset(from, round, BLOCK);
        from[BLOCK - 1 - round] = 255;
        memcpy(to + (round & 31), from, BLOCK);
        sum = fold(sum, memcmp(to + (round & 31), from, BLOCK) == 0);
        memmove(to + 8, to, BLOCK - 8);
        uint8_t *found = memchr(to, 255, BLOCK + 32);
        sum = fold(sum, found ? found - to : -1);
        for (int size = 1; size < 256; size++)
            memcpy(to + size, from + round, size);
        sum = fold(sum, to[round]);
    }
    return sum;
}

uint64_t strings(void)
{
    uint64_t sum = 0, random = 99;
    for (int round = 0; round < 12; round++) {
        char *end = text;
        for (int n = 0; n < WORDS; n++) {
            snprintf(words[n], sizeof words[n], "%lx-%d", (unsigned long)(next_random(&random) >> (random & 63)), n);
            end = stpcpy(end, words[n]);
            *end++ = ' ';
        }
        *end = 0;
        sum = fold(sum, strlen(text));
        for (int n = 0; n < WORDS; n += 16) {
            char *found = strstr(text, words[n]);
            sum = fold(sum, found ? found - text : -1);
            sum = fold(sum, strcmp(words[n], words[n + 1]) < 0);
            sum = fold(sum, strtoul(words[n], 0, 16));
            sum = fold(sum, strchr(words[n], '-') - words[n]);
        }
        for (char *word = strtok(text, " "); word; word = strtok(0, " "))
            sum = fold(sum, strcspn(word, "-") + strspn(word, "0123456789abcdef"));
    }
    return sum;
}
