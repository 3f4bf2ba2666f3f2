/* Random graphs: recipes of steps, each made as a node and worked out as jets (jets.h) at a few points, with
 * all kinds of operations, shared and repeated operands, and branches that are not chosen and may be
 * anything. A step whose values would prove nothing is not taken: too large, at a kink, undefined where it is
 * read.
 *
 * Exact recipes have small dyadic numbers alone, all the way: their derivatives must come out with equality,
 * in double and in single precision, whatever the order of operations. */
#ifndef OG_TEST_RECIPES_H
#define OG_TEST_RECIPES_H

#include "base/real.h"
#include "counting.h"
#include "jets.h"

enum {
  STEPS_MOST = 60,
  ENTRIES_MOST = 9,
  OPERANDS_MOST = 3,
  POINTS = 8,
  LANES = OG_LANES_MAX,
  STATES = 7,
  PARAMETERS = 20,
  WRT = 9,                             /* time, four parts of the state, four of the parameters */
  DIRECTION = 1 + STATES + PARAMETERS, /* the second direction, in slot OG_SLOT_DATA: of t, x, theta */
  BARS = 32
};

/* Kinds of steps are those of nodes, and one that has several: the square with stated slopes. */
enum { STEP_STATED = OG_OUTER + 1 };

typedef struct recipe_step {
  int kind, op, of[OPERANDS_MOST], count, slot, offset, wild;
  og_shape shape;
  double value[ENTRIES_MOST];
  int index[ENTRIES_MOST]; /* of a take: the entries that are read, or added to */
  og_node node;
  jet jets[POINTS][ENTRIES_MOST];
} recipe_step;

typedef struct recipe_about {
  uint64_t seed;
  int exact, steps, language; /* language: steps that models can write, alone */
  int uniform, uniform_count; /* parameters that are the same in all lanes: from which, and how many */
} recipe_about;

typedef struct recipe {
  og_rng rng;
  og_graph *graph;
  int exact, plain, language, count;
  double noise;                          /* > 0: a number that a step reads is off by so much of itself */
  double in[OG_SLOT_COUNT][BARS][LANES]; /* blocks of LANES lanes; the first POINTS are the points */
  recipe_step step[STEPS_MOST];
} recipe;

static inline int roll(recipe *r, int sides) { return (int)(og_rng_next(&r->rng) % (unsigned)sides); }
static inline int entries_of(og_shape s) { return s.rows * s.columns; }

/* ---- Where inputs lie ---- */
static const struct {
  int slot, offset;
  og_shape shape;
} recipe_inputs[WRT] = {
    {OG_SLOT_TIME, 0, {1, 1}},      {OG_SLOT_STATE, 0, {1, 1}},     {OG_SLOT_STATE, 1, {1, 1}},
    {OG_SLOT_STATE, 2, {3, 1}},     {OG_SLOT_STATE, 5, {2, 1}},     {OG_SLOT_PARAMETER, 0, {1, 1}},
    {OG_SLOT_PARAMETER, 1, {3, 1}}, {OG_SLOT_PARAMETER, 4, {3, 3}}, {OG_SLOT_PARAMETER, 13, {2, 3}}};
static const int recipe_slot_rows[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = 1,
                                                    [OG_SLOT_STATE] = STATES,
                                                    [OG_SLOT_PARAMETER] = PARAMETERS,
                                                    [OG_SLOT_COTANGENT] = BARS,
                                                    [OG_SLOT_TIME_DOT] = 1,
                                                    [OG_SLOT_STATE_DOT] = STATES,
                                                    [OG_SLOT_PARAMETER_DOT] = PARAMETERS,
                                                    [OG_SLOT_DATA] = DIRECTION};
static inline int first_direction(int slot) { return OG_SLOT_TIME_DOT + slot; }
static inline int second_offset(int slot, int offset) {
  return offset + (slot == OG_SLOT_TIME ? 0 : slot == OG_SLOT_STATE ? 1 : 1 + STATES);
}

/* Of exact recipes all lanes are points, again and again. */
static inline void fill_inputs(recipe *r, const recipe_about *about) {
  for (int slot = 0; slot <= OG_SLOT_TIME_ALONG; slot++)
    for (int row = 0; row < BARS; row++) {
      int same =
          slot == OG_SLOT_PARAMETER && row >= about->uniform && row < about->uniform + about->uniform_count;
      for (int lane = 0; lane < LANES; lane++) {
        double number = r->exact ? roll(r, 9) - 4 : og_rng_normal(&r->rng);
        int again = same ? 0 : r->exact ? lane % POINTS : lane;
        r->in[slot][row][lane] = again < lane ? r->in[slot][row][again] : number;
      }
    }
}

/* ---- Jets of a step ---- */
static inline jet noisy(recipe *r, jet j) {
  long double *part[] = {&j.v, &j.a, &j.b, &j.ab};
  for (int i = 0; i < 4; i++) *part[i] *= 1 + (long double)(r->noise * og_rng_normal(&r->rng));
  return j;
}

static inline jet operand_jet(recipe *r, const recipe_step *s, int which, int point, int entry) {
  const recipe_step *of = &r->step[s->of[which]];
  jet j = of->jets[point][entries_of(of->shape) > 1 ? entry : 0];
  return r->noise > 0 && of->kind != OG_CONSTANT ? noisy(r, j) : j;
}

static inline jet elementwise_jet(recipe *r, const recipe_step *s, int point, int entry) {
  jet x = operand_jet(r, s, 0, point, entry), y;
  if (s->kind == OG_UNARY) return jet_chain1(x, jet_of_unary(s->op, x.v));
  y = operand_jet(r, s, 1, point, entry);
  if (s->kind == OG_WHERE) return x.v != 0 ? y : operand_jet(r, s, 2, point, entry);
  if (s->kind == STEP_STATED) return jet_times(x, y);
  if (s->op == OG_MIN || s->op == OG_MAX)
    return jet_choice(s->op, x, y, r->graph->nodes[r->step[s->of[1]].node].kind == OG_CONSTANT);
  return jet_chain2(x, y, jet_of_binary(s->op, x.v, y.v));
}

static inline jet sum_of_products(recipe *r, const recipe_step *s, int point, int first, int stride,
                                  int count) {
  jet sum = {0};
  for (int i = 0; i < count; i++)
    sum = jet_add(sum,
                  jet_times(operand_jet(r, s, 0, point, first + i * stride), operand_jet(r, s, 1, point, i)));
  return sum;
}

static inline jet structure_jet(recipe *r, const recipe_step *s, int point, int entry) {
  og_shape a = r->step[s->of[0]].shape;
  jet sum = {0};
  switch (s->kind) {
  case OG_SLICE: return operand_jet(r, s, 0, point, s->offset + entry);
  case OG_CONCAT:
    for (int i = 0; i < s->count; i++) {
      int rows = r->step[s->of[i]].shape.rows;
      if (entry < rows) return r->step[s->of[i]].jets[point][entry];
      entry -= rows;
    }
    return sum;
  case OG_PAD:
    entry -= s->offset;
    return entry >= 0 && entry < a.rows ? operand_jet(r, s, 0, point, entry) : sum;
  case OG_SUM:
    for (int i = 0; i < entries_of(a); i++) sum = jet_add(sum, operand_jet(r, s, 0, point, i));
    return sum;
  case OG_TAKE: return operand_jet(r, s, 0, point, s->index[entry]);
  case OG_TAKE_T:
    for (int i = 0; i < entries_of(a); i++)
      if (s->index[i] == entry) sum = jet_add(sum, operand_jet(r, s, 0, point, i));
    return sum;
  case OG_DOT: return sum_of_products(r, s, point, 0, 1, entries_of(a));
  case OG_MATVEC: return sum_of_products(r, s, point, entry * a.columns, 1, a.columns);
  case OG_MATVEC_T: return sum_of_products(r, s, point, entry, a.columns, a.rows);
  case OG_OUTER: {
    int columns = s->shape.columns;
    return jet_times(operand_jet(r, s, 0, point, entry / columns),
                     operand_jet(r, s, 1, point, entry % columns));
  }
  default: return operand_jet(r, s, 0, point, entry); /* reshape, broadcast */
  }
}

static inline jet leaf_jet(const recipe *r, const recipe_step *s, int point, int entry) {
  if (s->kind == OG_CONSTANT) return (jet){.v = (long double)s->value[entry]};
  int at = s->offset + entry;
  return (jet){.v = (long double)r->in[s->slot][at][point],
               .a = (long double)r->in[first_direction(s->slot)][at][point],
               .b = (long double)r->in[OG_SLOT_DATA][second_offset(s->slot, at)][point]};
}

static inline int is_elementwise(int kind) {
  return kind == OG_UNARY || kind == OG_BINARY || kind == OG_WHERE || kind == STEP_STATED;
}

static inline void work_out(recipe *r, recipe_step *s) {
  for (int point = 0; point < POINTS; point++)
    for (int entry = 0; entry < entries_of(s->shape); entry++)
      s->jets[point][entry] = s->kind == OG_CONSTANT || s->kind == OG_INPUT ? leaf_jet(r, s, point, entry)
                              : is_elementwise(s->kind) ? elementwise_jet(r, s, point, entry)
                                                        : structure_jet(r, s, point, entry);
}

/* ---- What a recipe takes ---- */

/* Exact numbers are multiples of 2^-6 below 2^12: products of two of them and sums of such keep all their
 * digits in double, and hardly ever lose one in single precision. */
static inline int is_fine_number(const recipe *r, long double x) {
  if (!isfinite(x)) return 0;
  return r->exact ? fabsl(x) <= 4096 && x * 64 == floorl(x * 64) : fabsl(x) <= 50;
}

static inline int is_fine_jet(const recipe *r, jet j) {
  return is_fine_number(r, j.v) && is_fine_number(r, j.a) && is_fine_number(r, j.b) &&
         is_fine_number(r, j.ab);
}

/* 0 or 1, exactly. */
static inline int is_logical(const recipe_step *s) {
  return (s->kind == OG_UNARY && s->op == OG_NOT) ||
         (s->kind == OG_BINARY && s->op >= OG_LT && s->op < OG_BINARY_COUNT);
}

static inline int near_zero(recipe *r, const recipe_step *s, int which, int point, int entry) {
  return !is_logical(&r->step[s->of[which]]) && fabsl(operand_jet(r, s, which, point, entry).v) < 1e-6L;
}

/* Rounded numbers so near to a kink might fall on either side of it. */
static inline int at_kink(recipe *r, const recipe_step *s, int point, int entry) {
  if (r->exact) return 0;
  if (s->kind == OG_WHERE) return near_zero(r, s, 0, point, entry);
  if (s->kind == OG_UNARY && s->op == OG_FLOOR) {
    long double x = operand_jet(r, s, 0, point, entry).v;
    return fabsl(x - rintl(x)) < 1e-6L;
  }
  if (s->kind == OG_UNARY && (s->op == OG_ABS || s->op == OG_SIGN || s->op == OG_RELU || s->op == OG_NOT))
    return near_zero(r, s, 0, point, entry);
  if (s->kind != OG_BINARY || s->op < OG_MIN || s->op == OG_MUL0) return 0;
  if (s->op == OG_AND || s->op == OG_OR)
    return near_zero(r, s, 0, point, entry) || near_zero(r, s, 1, point, entry);
  return fabsl(operand_jet(r, s, 0, point, entry).v - operand_jet(r, s, 1, point, entry).v) < 1e-6L;
}

static inline int is_slope(const recipe *r, long double x) {
  return r->exact ? is_fine_number(r, x) : isfinite(x);
}

/* A slope that is infinite beside a derivative of 0 is for choices alone; of exact recipes slopes are exact.
 */
static inline int has_slopes(recipe *r, const recipe_step *s, int point, int entry) {
  jet x = operand_jet(r, s, 0, point, entry);
  if (s->kind == OG_UNARY) {
    jet_unary d = jet_of_unary(s->op, x.v);
    return is_slope(r, d.f1) && is_slope(r, d.f2);
  }
  if (s->kind != OG_BINARY || s->op == OG_MIN || s->op == OG_MAX) return 1;
  jet y = operand_jet(r, s, 1, point, entry);
  jet_binary d = jet_of_binary(s->op, x.v, y.v);
  int varies = r->step[s->of[1]].kind != OG_CONSTANT; /* of powers the exponent often does not */
  return is_slope(r, d.fx) && is_slope(r, d.fxx) &&
         (!varies || (is_slope(r, d.fy) && is_slope(r, d.fxy) && is_slope(r, d.fyy)));
}

/* 1: fine; 0: wild; -1: not to be taken at all. A number without slopes is none. */
static inline int judge(recipe *r, recipe_step *s) {
  int fine = 1; /* of what is wild only a where makes something fine again */
  for (int i = 0; i < s->count; i++) fine = fine && (s->kind == OG_WHERE || !r->step[s->of[i]].wild);
  for (int point = 0; point < POINTS; point++)
    for (int entry = 0; entry < entries_of(s->shape); entry++) {
      if (at_kink(r, s, point, entry)) return -1;
      jet *j = &s->jets[point][entry];
      if (s->count && !has_slopes(r, s, point, entry)) *j = (jet){NAN, NAN, NAN, NAN};
      if (!is_fine_jet(r, *j)) fine = 0;
    }
  return fine;
}

/* ---- Steps as nodes ---- */
static inline og_node make_stated(og_graph *g, og_node a, og_node b) {
  const og_node of[2] = {a, b}, slopes[2] = {b, a};
  return og_with_slopes(g, og_binary_node(g, OG_MUL, a, b), 2, of, slopes);
}

static inline og_node make_node(const recipe *r, const recipe_step *s) {
  og_graph *g = r->graph;
  og_node n[OPERANDS_MOST] = {OG_NODE_NONE, OG_NODE_NONE, OG_NODE_NONE};
  for (int i = 0; i < s->count; i++) n[i] = r->step[s->of[i]].node;
  switch (s->kind) {
  case OG_CONSTANT: return og_constant_tensor(g, s->shape, s->value);
  case OG_INPUT: return og_input(g, s->slot, s->offset, s->shape);
  case OG_UNARY: return og_apply1(g, (og_unary)s->op, n[0]);
  case OG_BINARY: return og_binary_node(g, s->op, n[0], n[1]);
  case OG_WHERE: return og_where(g, n[0], n[1], n[2]);
  case OG_SLICE: return og_slice(g, n[0], s->offset, s->shape.rows);
  case OG_CONCAT: return og_concat(g, n, s->count);
  case OG_RESHAPE: return og_reshape(g, n[0], s->shape);
  case OG_BROADCAST: return og_broadcast(g, n[0], s->shape);
  case OG_PAD: return og_pad(g, n[0], s->offset, s->shape.rows);
  case OG_TAKE: return og_take_entries(g, n[0], s->shape, s->index);
  case OG_TAKE_T: return og_take_transposed(g, n[0], s->shape, s->index);
  case OG_SUM: return og_sum(g, n[0]);
  case OG_DOT: return og_dot(g, n[0], n[1]);
  case OG_MATVEC: return og_matvec(g, n[0], n[1]);
  case OG_MATVEC_T: return og_matvec_transposed(g, n[0], n[1]);
  case OG_OUTER: return og_outer(g, n[0], n[1]);
  default: return make_stated(g, n[0], n[1]);
  }
}

static inline int is_of_language(const recipe *r, const recipe_step *s) {
  switch (s->kind) {
  case OG_UNARY: return s->op < OG_DIGAMMA || s->op == OG_ERFC || s->op == OG_PHI || s->op == OG_NOT;
  case OG_BINARY: return s->op < OG_BINARY_COUNT;
  case OG_SLICE: return r->step[s->of[0]].shape.columns == 1;
  case OG_RESHAPE:
  case OG_BROADCAST:
  case OG_PAD:
  case OG_TAKE:
  case OG_TAKE_T:
  case OG_MATVEC_T:
  case OG_OUTER:
  case STEP_STATED: return 0;
  default: return 1;
  }
}

/* Takes the step, if it is one to be taken; its number, or -1. */
static inline int take_step(recipe *r, recipe_step s, int wild_too) {
  if (r->count == STEPS_MOST || (r->language && !is_of_language(r, &s))) return -1;
  recipe_step *to = &r->step[r->count];
  *to = s;
  to->node = make_node(r, &s);
  if (to->node < 0) fail_msg("a step of kind %d: %s", s.kind, og_context_message(r->graph->context));
  work_out(r, to);
  int fine = judge(r, to);
  if (fine < 0 || (!fine && !wild_too)) return -1;
  to->wild = !fine;
  return r->count++;
}

#endif
