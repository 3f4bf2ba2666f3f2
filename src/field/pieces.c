#include "field/pieces.h"

size_t og_piece_at(const og_field *field, double inside) {
  size_t low = 0, high = field->breakpoints;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (field->breakpoint[middle].time <= inside)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void og_pieces_wrap_d(og_field *field);
void og_pieces_wrap_s(og_field *field);
void og_pieces_wrap_stages_d(og_field *field);
void og_pieces_wrap_stages_s(og_field *field);

void og_pieces_take_stages(og_field *field) {
  if (!field->breakpoints) return;
  og_pieces_wrap_stages_d(field);
  og_pieces_wrap_stages_s(field);
}

void og_pieces_wrap(og_field *field) {
  og_pieces_wrap_d(field);
  og_pieces_wrap_s(field);
}
