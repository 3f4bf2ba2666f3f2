/* Names, and what parameters and constants are: shapes, values, bounds. */
#include <math.h>
#include <string.h>

#include "model/lower.h"

/* Where a name stands, or could stand, in the table of names: open addressing. */
static size_t *place_of(const og_lowering *l, const char *name, size_t length) {
  size_t at = (size_t)og_hash(OG_HASH_START, name, length);
  for (;; at++) {
    size_t *place = &l->place[at & (l->places - 1)];
    const og_symbol *symbol = *place ? &l->symbols[*place - 1] : NULL;
    if (!symbol || (symbol->span.length == length && memcmp(symbol->name, name, length) == 0)) return place;
  }
}

og_symbol *og_find_symbol(const og_lowering *l, const char *name, size_t length) {
  size_t found = l->places ? *place_of(l, name, length) : 0;
  return found ? &l->symbols[found - 1] : NULL;
}

int og_index_symbols(og_context *context, og_lowering *l, size_t room) {
  size_t capacity = 16;
  while (capacity < room) capacity *= 2;
  size_t *place = og_alloc(context, 2 * capacity, sizeof *place);
  if (!place) return 0;
  og_free(context, l->place);
  l->place = place;
  l->places = 2 * capacity;
  for (size_t i = 0; i < l->count; i++) *place_of(l, l->symbols[i].name, l->symbols[i].span.length) = i + 1;
  return 1;
}

static char *text_of(const og_lowering *l, og_span span) {
  char *text = og_alloc(l->source->context, span.length + 1, 1);
  if (text)
    memcpy(text, l->source->text + span.at, span.length);
  else
    l->source->no_memory = 1;
  return text;
}

static int taken(og_lowering *l, const og_statement *s) {
  static const char *const reserved[] = {"t",         "pi",      "inf",   "in",    "and",  "or",   "not",
                                         "algebraic", "param",   "const", "init",  "time", "cost", "final",
                                         "integral",  "observe", "net",   "input", "event"};
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (og_span_is(l->source, s->name, reserved[i]))
      return og_error_at(l->source, s->name, "'%s' has a meaning of its own and cannot be defined",
                         reserved[i]),
             1;
  if (og_is_function(l->source, s->name))
    return og_error_at(l->source, s->name, "'%.*s' is a function and cannot be defined", (int)s->name.length,
                       l->source->text + s->name.at),
           1;
  const og_symbol *other = og_find_symbol(l, l->source->text + s->name.at, s->name.length);
  if (!other) return 0;
  size_t line = 1;
  for (size_t i = 0; i < other->span.at; i++) line += l->source->text[i] == '\n';
  og_error_at(l->source, s->name, "'%s' is defined twice", other->name);
  og_help(l->source, "it was defined first in line %zu", line);
  return 1;
}

og_symbol *og_declare(og_lowering *l, og_symbol_kind kind, og_statement *s) {
  if (taken(l, s)) return NULL;
  if (l->count == l->capacity) {
    size_t capacity = l->capacity ? 2 * l->capacity : 32;
    if (!og_index_symbols(l->source->context, l, capacity)) return l->source->no_memory = 1, NULL;
    og_symbol *more = og_resize(l->source->context, l->symbols, l->count, capacity, sizeof *more);
    if (!more) return l->source->no_memory = 1, NULL;
    l->symbols = more;
    l->capacity = capacity;
  }
  char *name = text_of(l, s->name);
  if (!name) return NULL;
  l->symbols[l->count] = (og_symbol){.kind = kind,
                                     .name = name,
                                     .span = s->name,
                                     .declaration = s,
                                     .node = OG_NODE_NONE,
                                     .low = -INFINITY,
                                     .high = INFINITY,
                                     .shape = {1, 1}};
  *place_of(l, name, s->name.length) = l->count + 1;
  return &l->symbols[l->count++];
}

/* ---- Parameters and constants ---- */

int og_declared_shape(og_lowering *l, const og_statement *s, og_shape *shape) {
  int *sides[] = {&shape->rows, &shape->columns};
  *shape = (og_shape){1, 1};
  for (int i = 0; i < s->dimensions; i++) {
    double value;
    if (!og_constant_number(l, s->dimension[i], "a shape", &value)) return 0;
    if (value != floor(value) || value < 1 || value > OG_ENTRIES_MOST) {
      og_error_at(l->source, s->dimension[i]->span, "a shape is a whole number from 1 to %d, not %.9g",
                  OG_ENTRIES_MOST, og_shown(value));
      return 0;
    }
    *sides[i] = (int)value;
  }
  if ((double)shape->rows * shape->columns <= OG_ENTRIES_MOST) return 1;
  og_error_at(l->source, s->name, "over %d entries", OG_ENTRIES_MOST);
  return 0;
}

/* A scalar value fills the declared shape; otherwise they must be the same. Without a shape the value's
 * counts. */
static int settle_shape(og_lowering *l, const og_statement *s, og_shape own, double **values,
                        og_shape *shape) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  if (!s->dimensions) return *shape = own, 1;
  if (!og_declared_shape(l, s, shape)) return 0;
  if (og_shape_size(own) == 1 && og_shape_size(*shape) > 1) {
    double *filled = og_alloc(l->source->context, (size_t)og_shape_size(*shape), sizeof *filled);
    if (!filled) return l->source->no_memory = 1, 0;
    for (int i = 0; i < og_shape_size(*shape); i++) filled[i] = (*values)[0];
    og_free(l->source->context, *values);
    *values = filled;
    return 1;
  }
  if (own.rows == shape->rows && own.columns == shape->columns) return 1;
  og_error_at(l->source, s->value->span, "the value is %s, but the declared shape is %s",
              og_shape_text(own, left), og_shape_text(*shape, right));
  return 0;
}

static void check_bounds(og_lowering *l, og_symbol *symbol, const og_statement *s) {
  if (!s->low) return;
  double low, high;
  char number[OG_NUMBER_SIZE], low_text[OG_NUMBER_SIZE], high_text[OG_NUMBER_SIZE];
  if (!og_constant_number(l, s->low, "a bound", &low) || !og_constant_number(l, s->high, "a bound", &high))
    return;
  symbol->low = low, symbol->high = high;
  og_format_real(og_shown(low), low_text), og_format_real(og_shown(high), high_text);
  if (!(low < high)) {
    og_error_at(l->source, og_join(s->low->span, s->high->span),
                "the lower bound %s is not below the upper bound %s", low_text, high_text);
    return;
  }
  for (int i = 0; i < og_shape_size(symbol->shape); i++)
    if (symbol->values[i] < low || symbol->values[i] > high) {
      og_format_real(symbol->values[i], number);
      og_error_at(l->source, s->value->span, "the value %s of '%s' lies outside its bounds [%s, %s]", number,
                  symbol->name, low_text, high_text);
      return;
    }
}

int og_apply_override(og_lowering *l, const og_symbol *symbol, og_shape shape, double *values) {
  for (size_t i = 0; i < l->override_count; i++) {
    const og_override *o = &l->overrides[i];
    if (strcmp(o->name, symbol->name) != 0) continue;
    if (o->count != og_shape_size(shape)) {
      og_error_at(l->source, symbol->span, "'%s' was set to %d entries but has %d now", symbol->name,
                  o->count, og_shape_size(shape));
      return 0;
    }
    memcpy(values, o->values, (size_t)o->count * sizeof *values);
  }
  return 1;
}

void og_lower_value(og_lowering *l, og_statement *s) {
  og_shape own, shape;
  double *values = NULL;
  og_symbol *symbol = og_declare(l, s->kind == OG_ST_PARAM ? OG_SY_PARAM : OG_SY_CONST, s);
  if (!symbol) return;
  int good = og_constant_values(l, s->value, s->kind == OG_ST_PARAM ? "a parameter's value" : "a const", &own,
                                &values) &&
             settle_shape(l, s, own, &values, &shape) && og_apply_override(l, symbol, shape, values);
  symbol->values = values;
  if (!good) return;
  symbol->shape = shape;
  for (int i = 0; i < og_shape_size(shape); i++)
    if (!isfinite(values[i])) {
      og_error_at(l->source, s->value->span, "the value %g of '%s' is not finite", og_shown(values[i]),
                  symbol->name);
      return;
    }
  if (s->kind == OG_ST_CONST) {
    symbol->node = og_constant_tensor(l->graph, shape, values);
    return;
  }
  check_bounds(l, symbol, s);
  symbol->offset = l->parameters;
  l->parameters += (size_t)og_shape_size(shape);
  symbol->node = og_input(l->graph, OG_SLOT_PARAMETER, (int)symbol->offset, shape);
  if (l->parameters > OG_ENTRIES_MOST)
    og_error_at(l->source, s->name, "over %d parameters in all", OG_ENTRIES_MOST);
}
