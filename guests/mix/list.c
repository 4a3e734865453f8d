#include "mix.h"

#define NODES 200
#define SEARCHES 24

struct node {
    struct node *next;
    uint16_t key;
    uint16_t value;
};

static struct node nodes[NODES];

static struct node *fill(uint16_t seed)
{
    struct node *head = 0;
    for (int n = 0; n < NODES; n++) {
        seed = seed * 25173u + 13849u;
        nodes[n].key = seed >> 3;
        nodes[n].value = n ^ (seed & 0xff);
        nodes[n].next = head;
        head = &nodes[n];
    }
    return head;
}

static struct node *reverse(struct node *head)
{
    struct node *done = 0;
    while (head) {
        struct node *next = head->next;
        head->next = done;
        done = head;
        head = next;
    }
    return done;
}

/* The value decides by a computation, so that comparing is work. */
static int by_value(const struct node *a, const struct node *b)
{
    return (int)(crc16(a->value, a->key) & 0x1ff) - (int)(crc16(b->value, b->key) & 0x1ff);
}

static int by_key(const struct node *a, const struct node *b)
{
    return (int)a->key - (int)b->key;
}

/* Bottom-up merge sort: stable, in place, no recursion. */
static struct node *sort(struct node *head, int (*compare)(const struct node *, const struct node *))
{
    for (int width = 1;; width *= 2) {
        struct node *left = head, **tail = &head;
        int merges = 0;
        while (left) {
            struct node *right = left;
            int left_size = 0, right_size = width;
            while (left_size < width && right) {
                left_size++;
                right = right->next;
            }
            while (left_size > 0 || (right_size > 0 && right)) {
                struct node **from = left_size == 0 || (right_size > 0 && right && compare(right, left) < 0) ? &right : &left;
                if (from == &left)
                    left_size--;
                else
                    right_size--;
                *tail = *from;
                tail = &(*from)->next;
                *from = (*from)->next;
            }
            left = right;
            merges++;
        }
        *tail = 0;
        if (merges <= 1)
            return head;
    }
}

static int find(const struct node *head, uint16_t key)
{
    int steps = 0;
    for (; head && head->key < key; head = head->next)
        steps++;
    return steps;
}

uint16_t list_round(uint16_t seed)
{
    struct node *head = sort(reverse(fill(seed)), by_key);
    uint16_t crc = 0;
    for (int n = 0; n < SEARCHES; n++)
        crc = crc16(crc, find(head, seed + n * 331));
    head = sort(head, by_value);
    for (; head; head = head->next)
        crc = crc16(crc, head->key);
    return crc;
}
