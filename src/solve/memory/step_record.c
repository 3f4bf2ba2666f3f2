#include "solve/memory/step_record.h"

size_t og_step_record_stride(size_t n, size_t real_bytes) {
  return sizeof(double) + (n * real_bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}
