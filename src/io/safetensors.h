/* safetensors files (https://github.com/huggingface/safetensors): named arrays of numbers and strings of
 * metadata. Eight bytes hold the length of a JSON header, little-endian; the header has for each tensor its
 * dtype, shape and place in the data, which follow. Here a file in memory is a set of tensors of doubles. */
#ifndef OG_SAFETENSORS_H
#define OG_SAFETENSORS_H

#include "base/base.h"

typedef struct og_tensor {
  char *name;
  size_t rank, shape[OG_RANK_MOST]; /* rank 0: a scalar */
  size_t count;                     /* of values: the product of the shape */
  double *values;                   /* [count], row-major */
} og_tensor;

typedef struct og_tensors og_tensors;

og_status og_tensors_create(og_context *context, og_tensors **out);
void og_tensors_destroy(og_tensors *set);
/* Adds a copy. A name that is there already, "__metadata__", or one that is not UTF-8 is OG_ERR_ARGUMENT. */
og_status og_tensors_add(og_tensors *set, const char *name, size_t rank, const size_t *shape,
                         const double *values);
/* Metadata: sets `key` to a copy of `text`. Both must be UTF-8, or Python could not read the file:
 * OG_ERR_DATA. */
og_status og_tensors_set_text(og_tensors *set, const char *key, const char *text);

/* In the order of addition, or of the file's header. */
size_t og_tensors_count(const og_tensors *set);
const og_tensor *og_tensors_at(const og_tensors *set, size_t index);
/* NULL when there is none of that name. */
const og_tensor *og_tensors_find(const og_tensors *set, const char *name);
const char *og_tensors_text(const og_tensors *set, const char *key);

/* Written as F64, without holes, under a temporary name that then takes the place of `path`. Whatever the
 * values are, NaN too, they read back to the same bits. A checksum of all that is in it is added to the
 * metadata. */
og_status og_tensors_write(const og_tensors *set, const char *path);
/* Reads F64, F32, F16, BF16 and I64; a file that breaks a rule of the format (offsets that overlap, leave
 * holes or lie outside, lengths that are not those of the shape, names given twice) is OG_ERR_DATA, and the
 * message names file and tensor. So are integers that no double holds, and a file that has a checksum which
 * is not that of what is in it; files of other programs have none. */
og_status og_tensors_read(og_context *context, const char *path, og_tensors **out);
/* The same from memory; `name` stands for the file in messages. */
og_status og_tensors_parse(og_context *context, const char *name, const char *bytes, size_t length,
                           og_tensors **out);
/* Whether the bytes begin as such a file does, and no text: a header length, then a brace. */
int og_tensors_recognise(const char *bytes, size_t length);

/* ---- What odegrad writes ---- */

/* Names of odegrad's own, in metadata and among tensors: the text of the model, and the values of consts that
 * were set (OG_SETTING_KEY with the name behind it). */
#define OG_OWN_KEY "odegrad."
#define OG_MODEL_KEY "odegrad.model"
#define OG_SETTING_KEY "odegrad.set."
#define OG_CHECKSUM_KEY "odegrad.checksum"
/* The text of "format": of parameters, and of the state of a training. */
#define OG_PARAMETERS_FORMAT "odegrad"
#define OG_TRAINING_FORMAT "odegrad-training"
/* OG_ERR_DATA, with what to do, for the state of a training in the place of parameters. */
og_status og_tensors_refuse_training(const og_tensors *set, const char *path);

/* ---- Shared by the files of this format ---- */

#define OG_METADATA_KEY "__metadata__"
enum { OG_HEADER_LENGTH_SIZE = 8 };
og_context *og_tensors_context(const og_tensors *set);
/* How many bytes at the start are UTF-8. */
size_t og_utf8_prefix(const char *text, size_t length);
/* "[50, 2]", "[]"; cut where it does not fit. */
enum { OG_TENSOR_SHAPE_TEXT = 128 };
const char *og_tensor_shape_text(size_t rank, const size_t *shape, char text[OG_TENSOR_SHAPE_TEXT]);
/* Adds a tensor of `count` zeros to be filled in, whose name is known to be new. */
og_status og_tensors_append(og_tensors *set, const char *name, size_t rank, const size_t *shape, size_t count,
                            og_tensor **out);
/* Sixteen hexadecimal digits: CRC-64/XZ over the number of tensors; of each, in the order of their names, its
 * name, rank, shape and numbers; and of each text of the metadata but the checksum itself, in the order of
 * the keys, key and text. Names and texts count with a NUL behind them, whole numbers as 64 bits and the
 * others as F64, both little-endian. */
enum { OG_CHECKSUM_SIZE = 17 };
og_status og_tensors_checksum(const og_tensors *set, char text[OG_CHECKSUM_SIZE]);
/* CRC-64/XZ, the checksum of .xz files (ECMA-182's polynomial 0x42F0E1EBA9EA3693, bits reversed, begun and
 * ended with all bits set): it finds every change of up to 64 bits in a row, and all others but one in 2^64.
 */
typedef struct og_crc64 {
  uint64_t state;
  uint64_t table[8][256]; /* [k][byte]: of a byte that k bytes follow */
} og_crc64;

void og_crc64_begin(og_crc64 *crc);
void og_crc64_bytes(og_crc64 *crc, const void *bytes, size_t length);
/* The eight bytes of a word, the lowest first. */
void og_crc64_word(og_crc64 *crc, uint64_t word);
uint64_t og_crc64_end(const og_crc64 *crc);

/* Compares it with the one that the set came with, if it came with one. */
og_status og_tensors_verify(const og_tensors *set, const char *path);
size_t og_tensors_texts(const og_tensors *set);
void og_tensors_text_at(const og_tensors *set, size_t index, const char **key, const char **text);

#endif
