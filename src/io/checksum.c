/* CRC-64/XZ by tables, a byte or eight bytes at a time. */
#include "io/checksum.h"

static const uint64_t reversed_polynomial = 0xC96C5795D7870F42;

static uint64_t of_byte(uint64_t byte) {
  for (int bit = 0; bit < 8; bit++) byte = byte & 1 ? byte >> 1 ^ reversed_polynomial : byte >> 1;
  return byte;
}

void og_crc64_begin(og_crc64 *crc) {
  crc->state = ~(uint64_t)0;
  for (int byte = 0; byte < 256; byte++) crc->table[0][byte] = of_byte((uint64_t)byte);
  for (int k = 1; k < 8; k++)
    for (int byte = 0; byte < 256; byte++) {
      uint64_t before = crc->table[k - 1][byte];
      crc->table[k][byte] = crc->table[0][before & 0xff] ^ before >> 8;
    }
}

void og_crc64_bytes(og_crc64 *crc, const void *bytes, size_t length) {
  const unsigned char *next = bytes;
  for (size_t i = 0; i < length; i++)
    crc->state = crc->table[0][(crc->state ^ next[i]) & 0xff] ^ crc->state >> 8;
}

void og_crc64_word(og_crc64 *crc, uint64_t word) {
  uint64_t mixed = crc->state ^ word, sum = 0;
  for (int k = 0; k < 8; k++) sum ^= crc->table[7 - k][mixed >> 8 * k & 0xff];
  crc->state = sum;
}

uint64_t og_crc64_end(const og_crc64 *crc) { return ~crc->state; }
