/* CRC-64/XZ, the checksum of .xz files (ECMA-182's polynomial 0x42F0E1EBA9EA3693, bits reversed, begun and
 * ended with all bits set): it finds every change of up to 64 bits in a row, and all others but one in 2^64.
 */
#ifndef OG_CHECKSUM_H
#define OG_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct og_crc64 {
  uint64_t state;
  uint64_t table[8][256]; /* [k][byte]: of a byte that k bytes follow */
} og_crc64;

void og_crc64_begin(og_crc64 *crc);
void og_crc64_bytes(og_crc64 *crc, const void *bytes, size_t length);
/* The eight bytes of a word, the lowest first. */
void og_crc64_word(og_crc64 *crc, uint64_t word);
uint64_t og_crc64_end(const og_crc64 *crc);

#endif
