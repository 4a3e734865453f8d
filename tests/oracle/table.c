#include "table.h"

#include <stdlib.h>
#include <string.h>

static int slot_shift(char slot)
{
    switch (slot)
    {
    case 'j': return 5;
    case 'k': return 10;
    case 'a': return 15;
    case 'm': return 16;
    case 'n': return 18;
    default: return 0;
    }
}

static char *parse_field(char *text, int *shift, int *width)
{
    *shift = slot_shift(*text);
    *width = (int)strtol(text + 1, &text, 10);
    return text;
}

static void parse_register(const char *token, Operand *operand)
{
    size_t length = strlen(token);
    operand->kind = strncmp(token, "fcsr", 4) == 0 ? 'F' : token[0];
    operand->slot = token[length - 1];
    operand->shift = slot_shift(operand->slot);
    operand->width = operand->kind == 'F' ? 2 : operand->kind == 'c' ? 3 : 5;
}

static void parse_immediate(char *token, Operand *operand)
{
    operand->kind = token[0];
    operand->slot = token[1];
    char *rest = parse_field(token + 1, &operand->shift, &operand->width);
    if (*rest >= 'a' && *rest <= 'z')
    {
        operand->high_shift = operand->shift;
        operand->high_width = operand->width;
        rest = parse_field(rest, &operand->shift, &operand->width);
    }

    operand->scale = strncmp(rest, "<<", 2) == 0 ? atoi(rest + 2) : 0;
}

static void parse_operands(char *list, Row *row)
{
    for (char *token = strtok(list, ","); token != NULL; token = strtok(NULL, ","))
    {
        Operand *operand = &row->operands[row->operand_count++];
        size_t length = strlen(token);
        int immediate = (token[0] == 's' || token[0] == 'u') && token[length - 1] >= '0' && token[length - 1] <= '9';
        if (immediate) parse_immediate(token, operand); else parse_register(token, operand);
    }
}

static void parse_attributes(const char *attributes, Row *row)
{
    static const struct { const char *name; char access; } accesses[] = { { "load:", 'l' }, { "store:", 's' }, { "atomic:", 'a' } };
    for (int n = 0; n < 3; n++)
    {
        const char *found = strstr(attributes, accesses[n].name);
        if (found != NULL)
        {
            row->access = accesses[n].access;
            row->size = atoi(strchr(found, ':') + 1);
        }
    }

    row->reads_rd = strstr(attributes, "reads-rd") != NULL || strstr(attributes, "updates-rd") != NULL;
    row->rd_not_rj = strstr(attributes, "rd-not-rj") != NULL;
    row->keeps_upper = strstr(attributes, "keeps-upper") != NULL;
    row->branch = strstr(attributes, "branch") != NULL || strstr(attributes, "jump") != NULL
        || strstr(attributes, "call") != NULL || strstr(attributes, "indirect") != NULL;
}

int table_next(FILE *file, Row *row)
{
    char line[256], operands[64], attributes[128];
    while (fgets(line, sizeof(line), file) != NULL)
    {
        if (line[0] == '#' || line[0] == '%' || line[0] == '\n')
        {
            continue;
        }

        memset(row, 0, sizeof(*row));
        attributes[0] = 0;
        if (sscanf(line, "%x %31s %63s %127[^\n]", &row->word, row->mnemonic, operands, attributes) < 3)
        {
            fprintf(stderr, "not a table row: %s", line);
            exit(1);
        }

        if (strcmp(operands, "-") != 0)
        {
            parse_operands(operands, row);
        }

        parse_attributes(attributes, row);
        return 1;
    }

    return 0;
}
