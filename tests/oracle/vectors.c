#include "vectors.h"
#include "random.h"

#include <string.h>

typedef struct
{
    char type;           // s d and e (half precision) for floats, i for integers
    int size;            // bytes
} Elements;

static const Operand *find_vector(const Row *row, char slot)
{
    for (int n = 0; n < row->operand_count; n++)
    {
        const Operand *operand = &row->operands[n];
        if ((operand->kind == 'v' || operand->kind == 'x') && operand->slot == slot)
        {
            return operand;
        }
    }

    return NULL;
}

int is_vector_row(const Row *row)
{
    return row->mnemonic[0] == 'x' || row->mnemonic[0] == 'v';
}

// The mnemonic without the x of LASX.
static const char *base_name(const Row *row)
{
    return row->mnemonic + (row->mnemonic[0] == 'x');
}

static int starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int is_vector_float_row(const Row *row)
{
    const char *name = base_name(row);
    return is_vector_row(row) && starts_with(name, "vf") && !starts_with(name, "vfrstp");
}

// The last suffix names the source elements; rows without a size get a different one each time.
static Elements source_elements(const Row *row)
{
    const char *dot = strrchr(row->mnemonic, '.');
    char letter = dot == NULL ? 'v' : dot[1];
    int is_float = is_vector_float_row(row);
    switch (letter)
    {
    case 'b': return (Elements){ 'i', 1 };
    case 'h': return (Elements){ is_float ? 'e' : 'i', 2 };
    case 'w': return (Elements){ 'i', 4 };
    case 's': return (Elements){ 's', 4 };
    case 'd': return (Elements){ is_float ? 'd' : 'i', 8 };
    case 'l': return (Elements){ 'i', 8 };
    default: return (Elements){ 'i', 1 << random_below(4) };
    }
}

static uint64_t random_element(int size)
{
    uint64_t top = 1ULL << (size * 8 - 1);
    uint64_t edges[] = { 0, 0, 1, top, top - 1, top + 1, -1ULL, -2ULL, top >> 1, size * 8, size * 8 - 1 };
    switch (random_below(4))
    {
    case 0: return edges[random_below(sizeof(edges) / sizeof(*edges))];
    case 1: return (random_bits() & (top | (top - 1))) >> random_below(size * 8);
    case 2: return -((random_bits() & (top | (top - 1))) >> random_below(size * 8));
    default: return random_bits();
    }
}

static void put(State *state, int number, Elements elements, int index, uint64_t value)
{
    memcpy((char *)state->vr[number] + index * elements.size, &value, elements.size);
}

// One value for each source register; they depend on each other as scalar operands do.
static void random_tuple(const Row *row, Elements elements, uint64_t values[4])
{
    if (elements.type == 'i')
    {
        values[0] = random_element(elements.size);
        for (int n = 1; n < 4; n++)
        {
            values[n] = random_below(4) == 0 ? values[n - 1] + random_below(3) - 1 : random_element(elements.size);
        }

        return;
    }

    values[0] = random_float(elements.type);
    values[1] = random_partner(elements.type, values[0]);
    values[2] = row->operand_count < 4 || random_below(2) == 0 ? random_float(elements.type)
        : random_cancelling(elements.type, values[0], values[1]);
    values[3] = random_float(elements.type);
}

static int reads_destination(const Row *row)
{
    static const char *const prefixes[] =
    {
        "vmadd", "vmsub", "vbitseli", "vfrstp", "vshuf.", "vshuf4i.d", "vpermi.w", "vpermi.q", "vextrins", "vinsgr2vr",
        "vinsve0",
    };
    const char *name = base_name(row);
    for (unsigned n = 0; n < sizeof(prefixes) / sizeof(*prefixes); n++)
    {
        if (starts_with(name, prefixes[n]))
        {
            return 1;
        }
    }

    return row->access == 's' || (starts_with(name, "vs") && strstr(name, "ni.") != NULL);
}

// With many elements in a register some element would raise each exception in each case: often, all are the same, or
// all but a few.
void choose_vector_values(const Row *row, uint32_t word, State *state)
{
    static const char slots[] = { 'j', 'k', 'a', 'd' };
    Elements elements = source_elements(row);
    int bytes = row->mnemonic[0] == 'x' || row->operands[1].kind == 'x' || row->operands[0].kind == 'x' ? 32 : 16;
    int variety = random_below(4), uniform = random_below(4) == 0;
    uint64_t values[4], first[4];
    random_tuple(row, elements, first);
    memcpy(values, first, sizeof(values));
    for (int index = 0; index < bytes / elements.size; index++)
    {
        if (variety >= 2 || (variety == 1 && random_below(4) == 0))
        {
            random_tuple(row, elements, values);
        }

        values[1] = uniform && elements.type == 'i' ? first[1] : values[1];
        for (int n = 3; n >= 0; n--)
        {
            const Operand *operand = find_vector(row, slots[n]);
            if (operand != NULL && (slots[n] != 'd' || reads_destination(row)))
            {
                put(state, word >> operand->shift & 31, elements, index, values[n]);
            }
        }
    }
}

// Rows for which QEMU needs AVX-512 to work on the whole register, and to clear it so.
static int is_cleared_by_avx512(const Row *row)
{
    static const char *const rows[] = { "vbitclr.h", "vbitset.h", "vbitrev.h", "vavg.d", "vavgr.d" };
    for (unsigned n = 0; n < sizeof(rows) / sizeof(*rows); n++)
    {
        if (strcmp(row->mnemonic, rows[n]) == 0)
        {
            return 1;
        }
    }

    return 0;
}

void settle_upper_halves(const Row *row, uint32_t word, const State *before, State *after)
{
    for (int n = 0; row->keeps_upper && n < 32; n++)
    {
        memcpy(after->vr[n] + 2, before->vr[n] + 2, 16);
    }

    if (is_cleared_by_avx512(row))
    {
        memset(after->vr[word & 31] + 2, 0, 16);
    }
}
