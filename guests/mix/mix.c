#include "mix.h"

/* CRC-16 with the reflected polynomial 0xa001, bit by bit, over four bytes. */
uint16_t crc16(uint16_t crc, uint32_t value)
{
    for (int bit = 0; bit < 32; bit++) {
        unsigned carry = (crc ^ value) & 1;
        crc >>= 1;
        value >>= 1;
        if (carry)
            crc ^= 0xa001;
    }
    return crc;
}

uint16_t mix_round(uint16_t seed)
{
    uint16_t crc = crc16(0, list_round(seed));
    crc = crc16(crc, matrix_round(crc));
    return crc16(crc, tokens_round(crc));
}
