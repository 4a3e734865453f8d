// Rows of the instruction table (src/LaKvm.Isa/Tables, format in docs/isa.md), as far as the recorder needs them.
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>
#include <stdio.h>

typedef struct
{
    char kind;                       // r f c v x registers, F fcsr, s u immediates, o code
    char slot;                       // d j k a m n
    int shift, width;                // the field
    int high_shift, high_width;      // a second field with the upper bits, or 0
    int scale;                       // an immediate counts units of 2^scale
} Operand;

typedef struct
{
    uint32_t word;
    char mnemonic[32];
    int operand_count;
    Operand operands[4];
    char access;                     // l load, s store, a atomic, or 0
    int size;                        // bytes of the access
    int reads_rd, rd_not_rj, branch, keeps_upper;
} Row;

// Reads the next row; 0 at the end. A line that is no row ends the program.
int table_next(FILE *file, Row *row);

#endif
