#include "solve/record.h"

size_t og_record_stride(size_t n, size_t real_bytes) {
  return sizeof(double) + (n * real_bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}

/* Strides that double from the hint find two steps with the fraction between them; then bisection. */
size_t og_record_find(const og_record *record, size_t stride, double fraction, size_t hint) {
  size_t low = 0, high = record->steps, reach = 1;
  if (hint >= high) hint = high - 1;
  if (og_record_fraction(record, hint, stride) <= fraction) {
    for (low = hint; low + reach < high; reach *= 2) {
      if (og_record_fraction(record, low + reach, stride) > fraction)
        high = low + reach;
      else
        low += reach;
    }
  } else {
    for (high = hint; reach < high - low; reach *= 2) {
      if (og_record_fraction(record, high - reach, stride) <= fraction)
        low = high - reach;
      else
        high -= reach;
    }
  }
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (og_record_fraction(record, middle, stride) <= fraction)
      low = middle;
    else
      high = middle;
  }
  return low;
}
