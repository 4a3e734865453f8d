/* An integer workload: linked lists, matrices, a state machine and a CRC over their results. */
#ifndef MIX_H
#define MIX_H

#include <stdint.h>

/* One round over all parts; the result depends on the seed and every part. */
uint16_t mix_round(uint16_t seed);

uint16_t crc16(uint16_t crc, uint32_t value);
uint16_t list_round(uint16_t seed);
uint16_t matrix_round(uint16_t seed);
uint16_t tokens_round(uint16_t seed);

#endif
