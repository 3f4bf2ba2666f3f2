/* Drawing recipes (recipes.h) at random. */
#ifndef OG_TEST_RANDOM_RECIPES_H
#define OG_TEST_RANDOM_RECIPES_H

#include "recipes.h"

/* A fine step of that shape, often one of the last; -1: there is none. */
static inline int pick(recipe *r, og_shape shape) {
  int first = roll(r, 2) ? 0 : r->count - 8;
  for (int pass = 0; pass < 2; pass++, first = 0) {
    int found = -1, count = 0;
    for (int i = first < 0 ? 0 : first; i < r->count; i++)
      if (!r->step[i].wild && og_same_shape(r->step[i].shape, shape) && roll(r, ++count) == 0) found = i;
    if (found >= 0) return found;
  }
  return -1;
}

static inline og_shape any_shape(recipe *r) {
  static const og_shape shapes[] = {{1, 1}, {1, 1}, {3, 1}, {3, 1}, {2, 1}, {3, 3}, {2, 3}};
  return shapes[roll(r, 7)];
}

static inline int scalar_step(recipe *r) { return pick(r, (og_shape){1, 1}); }
static inline int is_scalar_step(const recipe *r, int step) { return entries_of(r->step[step].shape) == 1; }

/* One of that shape, or sometimes a scalar. */
static inline int pick_fitting(recipe *r, og_shape shape) {
  return roll(r, 3) ? pick(r, shape) : scalar_step(r);
}

static inline int constant_step(recipe *r, og_shape shape) {
  static const double exact[] = {0, 1, -1, 2, 0.5, 3, -2, 4}, rounded[] = {0, 1, -1, 0.7, 1.5, -0.3, 2.25, 3};
  recipe_step s = {.kind = OG_CONSTANT, .shape = shape};
  int uniform = roll(r, 3) == 0, which = roll(r, 8);
  for (int i = 0; i < entries_of(shape); i++) {
    if (!uniform) which = roll(r, 8);
    s.value[i] = (r->exact ? exact : rounded)[which];
  }
  return take_step(r, s, 0);
}

static inline int unary_step(recipe *r, int of, int wild_too) {
  static const int exact[] = {OG_NEG, OG_ABS, OG_SIGN, OG_FLOOR, OG_RELU, OG_NOT, OG_SQRT, OG_NEG};
  static const int rounded[] = {
      OG_SQRT,      OG_EXP,      OG_EXPM1, OG_LOG,    OG_LOG1P,   OG_LOG10, OG_SIN,  OG_COS,
      OG_TAN,       OG_ASIN,     OG_ACOS,  OG_ATAN,   OG_SINH,    OG_COSH,  OG_TANH, OG_SIGMOID,
      OG_SOFTPLUS,  OG_RELU,     OG_ERF,   OG_LGAMMA, OG_LOG_PHI, OG_PHI,   OG_ERFC, OG_LOG1P_REMAINDER,
      OG_LOG1M_EXP, OG_STIRLING, OG_ABS,   OG_SIGN,   OG_FLOOR,   OG_NOT};
  if (of < 0) return -1;
  int op = r->exact ? exact[roll(r, 8)] : rounded[roll(r, sizeof rounded / sizeof *rounded)];
  return take_step(
      r, (recipe_step){.kind = OG_UNARY, .op = op, .of = {of}, .count = 1, .shape = r->step[of].shape},
      wild_too);
}

static inline int apply_binary(recipe *r, int op, int a, int b, int wild_too) {
  if (a < 0 || b < 0) return -1;
  og_shape shape = r->step[is_scalar_step(r, a) ? b : a].shape;
  return take_step(r, (recipe_step){.kind = OG_BINARY, .op = op, .of = {a, b}, .count = 2, .shape = shape},
                   wild_too);
}

static inline int binary_step(recipe *r, int a, int wild_too) {
  static const int plain[] = {OG_ADD, OG_SUB, OG_MUL, OG_ADD, OG_SUB, OG_MUL, OG_DIV};
  if (a < 0) return -1;
  og_shape shape = r->step[a].shape;
  int b = roll(r, 8) ? pick_fitting(r, entries_of(shape) > 1 ? shape : any_shape(r)) : a;
  int op = roll(r, 3) ? plain[roll(r, 7)] : roll(r, OG_BINARY_ALL);
  if (r->exact && op == OG_ATAN2) op = OG_MIN;
  return roll(r, 2) ? apply_binary(r, op, a, b, wild_too) : apply_binary(r, op, b, a, wild_too);
}

/* An exponent that is a constant, as in most models: graphs have rules for some. */
static inline int power_step(recipe *r, int a, int wild_too) {
  static const double exponents[] = {-1, 0, 0.5, 1, 2, 3, 4, -2, 1.5};
  recipe_step s = {.kind = OG_CONSTANT, .shape = {1, 1}, .value = {exponents[roll(r, r->exact ? 8 : 9)]}};
  return apply_binary(r, OG_POW, a, take_step(r, s, 0), wild_too);
}

static inline int product_step(recipe *r, int wild, int wild_too) {
  recipe_step s = {.kind = OG_DOT + roll(r, 4), .count = 2};
  og_shape vector = {roll(r, 2) ? 3 : 2, 1}, matrix = {roll(r, 2) ? 3 : 2, 3}, of_wild = vector;
  if (wild >= 0) of_wild = r->step[wild].shape;
  if (wild >= 0 && of_wild.columns == 1) vector = of_wild;
  if (s.kind == OG_DOT) {
    if (wild < 0 && roll(r, 3) == 0) vector = matrix;
    s.of[0] = pick(r, vector), s.of[1] = pick(r, vector), s.shape = (og_shape){1, 1};
  } else if (s.kind == OG_OUTER) {
    og_shape other = {roll(r, 2) ? 3 : 2, 1};
    if (vector.rows == 3 || other.rows != 3) other = (og_shape){3, 1};
    s.of[0] = pick(r, vector), s.of[1] = pick(r, other), s.shape = (og_shape){vector.rows, other.rows};
  } else {
    og_shape right = {s.kind == OG_MATVEC ? 3 : matrix.rows, 1};
    s.of[0] = pick(r, matrix), s.of[1] = pick(r, right);
    s.shape = (og_shape){s.kind == OG_MATVEC ? matrix.rows : 3, 1};
  }
  if (s.of[0] < 0 || s.of[1] < 0) return -1;
  for (int i = 0; i < 2; i++)
    if (wild >= 0 && og_same_shape(r->step[s.of[i]].shape, of_wild)) {
      s.of[i] = wild;
      break;
    }
  return take_step(r, s, wild_too);
}

/* Entries at random, side by side, each several times, or every other one: runs are made in one go. */
static inline int take_any_step(recipe *r, int kind) {
  og_shape from = any_shape(r), to = any_shape(r);
  recipe_step s = {.kind = kind, .count = 1, .shape = to, .of = {pick(r, from)}};
  int count = entries_of(kind == OG_TAKE ? to : from), room = entries_of(kind == OG_TAKE ? from : to);
  int pattern = roll(r, 4), first = roll(r, room);
  if (s.of[0] < 0) return -1;
  for (int i = 0; i < count; i++)
    s.index[i] = pattern == 0   ? roll(r, room)
                 : pattern == 1 ? (first + i) % room
                 : pattern == 2 ? (first + i / 2) % room
                                : (first + 2 * i) % room;
  return take_step(r, s, 0);
}

static inline int structure_step(recipe *r) {
  recipe_step s = {.count = 1};
  og_shape shape = any_shape(r);
  int a = pick(r, shape);
  if (a < 0) return -1;
  s.of[0] = a;
  switch (roll(r, 9)) {
  case 7: return take_any_step(r, OG_TAKE);
  case 8: return take_any_step(r, OG_TAKE_T);
  case 0:
    if (entries_of(shape) == 1) return -1;
    s.kind = OG_SLICE;
    s.shape = (og_shape){1 + roll(r, entries_of(shape) < 3 ? entries_of(shape) : 3), 1};
    s.offset = roll(r, entries_of(shape) - s.shape.rows + 1);
    break;
  case 1:
  case 2:
    s.kind = OG_CONCAT;
    s.count = 2 + roll(r, 2);
    s.shape = (og_shape){0, 1};
    for (int i = 0; i < s.count; i++) {
      s.of[i] = roll(r, 3) ? scalar_step(r) : pick(r, (og_shape){s.count == 2 ? 2 : 1, 1});
      if (s.of[i] < 0) return -1;
      s.shape.rows += r->step[s.of[i]].shape.rows;
    }
    break;
  case 3:
    if (shape.columns == 1 && shape.rows < 3) return -1;
    s.kind = OG_RESHAPE;
    s.shape = shape.columns == 1 ? (og_shape){1, 3} : (og_shape){entries_of(shape), 1};
    break;
  case 4:
    if (entries_of(shape) > 1) return -1;
    s.kind = OG_BROADCAST;
    s.shape = any_shape(r);
    break;
  case 5:
    if (shape.columns > 1) return -1;
    s.kind = OG_PAD;
    s.shape = (og_shape){3, 1};
    s.offset = roll(r, 3 - shape.rows + 1);
    break;
  default: s.kind = OG_SUM, s.shape = (og_shape){1, 1};
  }
  return take_step(r, s, 0);
}

static inline int where_of(recipe *r, int condition, int a, int b) {
  if (condition < 0 || a < 0 || b < 0) return -1;
  og_shape shape = r->step[condition].shape;
  if (entries_of(r->step[a].shape) > 1) shape = r->step[a].shape;
  if (entries_of(r->step[b].shape) > 1) shape = r->step[b].shape;
  return take_step(r, (recipe_step){.kind = OG_WHERE, .of = {condition, a, b}, .count = 3, .shape = shape},
                   0);
}

static inline int where_step(recipe *r) {
  og_shape shape = any_shape(r);
  int condition = roll(r, 2) ? scalar_step(r) : pick(r, shape);
  return where_of(r, condition, pick_fitting(r, shape), pick_fitting(r, shape));
}

/* x > bound with functions of x that are undefined or infinite below it, and products of those. In exact
 * recipes x*x >= 0 in its place, which is always so: such functions have few exact values. */
static inline int guarded_step(recipe *r) {
  og_shape shape = any_shape(r);
  int x = pick(r, shape), over = pick_fitting(r, shape), wild, condition;
  if (x < 0 || over < 0) return -1;
  switch (roll(r, 4)) {
  case 0: wild = apply_binary(r, OG_DIV, over, x, 1); break;
  case 1: wild = power_step(r, x, 1); break;
  case 2:
    wild = take_step(
        r,
        (recipe_step){
            .kind = OG_UNARY, .op = roll(r, 2) ? OG_SQRT : OG_LOG, .of = {x}, .count = 1, .shape = shape},
        1);
    break;
  default: wild = unary_step(r, x, 1);
  }
  for (int i = roll(r, 3); wild >= 0 && i > 0; i--) {
    int more = roll(r, 3) == 0   ? unary_step(r, wild, 1)
               : roll(r, 2) == 0 ? binary_step(r, wild, 1)
                                 : product_step(r, wild, 1);
    if (more >= 0) wild = more;
  }
  if (wild < 0) return -1;
  og_shape of = r->step[wild].shape;
  recipe_step bound = {.kind = OG_CONSTANT, .shape = {1, 1}, .value = {r->exact ? 0 : 0.2}};
  int low = take_step(r, bound, 0), safe = pick_fitting(r, of), flip = roll(r, 2);
  if (r->exact) x = apply_binary(r, OG_MUL, x, x, 0);
  condition = apply_binary(r, r->exact ? (flip ? OG_LT : OG_GE) : (flip ? OG_LE : OG_GT), x, low, 0);
  if (condition < 0) return -1;
  if (!is_scalar_step(r, condition) && !og_same_shape(r->step[condition].shape, of)) return -1;
  int first = r->exact != flip ? safe : wild;
  return where_of(r, condition, first, first == safe ? wild : safe);
}

static inline int stated_step(recipe *r) {
  int a = pick(r, any_shape(r));
  if (a < 0) return -1;
  int b = pick_fitting(r, r->step[a].shape);
  /* what shares an operand with its own slopes would be counted twice by a step that is read as a product */
  if (b < 0 || a == b) return -1;
  og_shape shape = r->step[is_scalar_step(r, a) ? b : a].shape;
  return take_step(r, (recipe_step){.kind = STEP_STATED, .of = {a, b}, .count = 2, .shape = shape}, 0);
}

/* What programs carry out in one run (straight.h), alone and with squares, which read an operand twice. */
static inline int scalar_arithmetic_step(recipe *r) {
  static const int ops[] = {OG_ADD, OG_ADD, OG_SUB, OG_SUB, OG_MUL, OG_MUL, OG_MUL, OG_DIV};
  int a = scalar_step(r), b = roll(r, 4) ? scalar_step(r) : a;
  if (roll(r, 8)) return apply_binary(r, b == a ? (int)OG_MUL : ops[roll(r, 8)], a, b, 0);
  recipe_step s = {.kind = OG_UNARY, .op = roll(r, 2) ? OG_NEG : OG_SQRT, .of = {a}, .count = 1};
  s.shape = (og_shape){1, 1};
  return take_step(r, s, 0);
}

static inline int random_step(recipe *r) {
  if (r->plain && roll(r, 8)) return scalar_arithmetic_step(r);
  switch (roll(r, 12)) {
  case 0: return constant_step(r, any_shape(r));
  case 1: return unary_step(r, pick(r, any_shape(r)), 0);
  case 2: return unary_step(r, scalar_step(r), 0);
  case 3:
  case 4: return binary_step(r, pick(r, any_shape(r)), 0);
  case 5:
  case 6: return binary_step(r, scalar_step(r), 0);
  case 7: return product_step(r, -1, 0);
  case 8: return structure_step(r);
  case 9: return roll(r, 2) ? where_step(r) : stated_step(r);
  case 10: return guarded_step(r);
  default: return power_step(r, pick(r, any_shape(r)), 0);
  }
}

/* A recipe of about `steps` steps behind its inputs, in `graph`. Every other one is mostly plain arithmetic.
 */
static inline recipe *new_recipe(og_graph *graph, recipe_about about) {
  recipe *r = calloc(1, sizeof *r);
  assert_non_null(r);
  r->graph = graph, r->exact = about.exact, r->plain = about.seed / 2 % 2 == 1;
  r->language = about.language;
  og_rng_seed(&r->rng, about.seed, 41);
  fill_inputs(r, &about);
  for (int i = 0; i < WRT; i++)
    assert_true(take_step(r,
                          (recipe_step){.kind = OG_INPUT,
                                        .slot = recipe_inputs[i].slot,
                                        .offset = recipe_inputs[i].offset,
                                        .shape = recipe_inputs[i].shape},
                          0) >= 0);
  for (int tries = 0; r->count < WRT + about.steps && tries < 20 * about.steps; tries++) random_step(r);
  return r;
}

#endif
