/* Sums by a fixed binary tree: like a binary counter, in which two nodes of one level carry into one of the
 * next. */
#include "base/tree_sum.h"

size_t og_tree_sum_depth(size_t count) {
  size_t depth = 1;
  for (; count > 1; count /= 2) depth++;
  return depth;
}

void og_tree_sum_begin(og_tree_sum *sum, size_t width, double *nodes, size_t first) {
  sum->width = width;
  sum->nodes = nodes;
  sum->next = first;
  sum->depth = 0;
}

double *og_tree_sum_term(const og_tree_sum *sum) { return sum->nodes + (size_t)sum->depth * sum->width; }

static void add(double *to, const double *from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] += from[i];
}

/* The last node goes into the one before it. */
static void join(og_tree_sum *sum) {
  sum->depth--;
  add(og_tree_sum_term(sum) - sum->width, og_tree_sum_term(sum), sum->width);
}

/* Whether the last two nodes are the halves of one: both have one level, and they end where it does. */
static int are_halves(const og_tree_sum *sum) {
  if (sum->depth < 2) return 0;
  int level = sum->level[sum->depth - 1];
  return sum->level[sum->depth - 2] == level && (sum->next & (((size_t)2 << level) - 1)) == 0;
}

void og_tree_sum_add(og_tree_sum *sum, int level) {
  sum->level[sum->depth++] = (unsigned char)level;
  sum->next += (size_t)1 << level;
  while (are_halves(sum)) {
    join(sum);
    sum->level[sum->depth - 1]++;
  }
}

const double *og_tree_sum_total(og_tree_sum *sum) {
  while (sum->depth > 1) join(sum);
  return sum->depth ? sum->nodes : NULL;
}

/* Of numbers side by side, which are lost: each level is written over the one before. */
static double sum_numbers(double *values, size_t count) {
  for (size_t half; count > 1; count -= half) {
    half = count / 2;
    for (size_t i = 0; i < half; i++) values[i] = values[2 * i] + values[2 * i + 1];
    if (count % 2) values[half] = values[count - 1];
  }
  return values[0];
}

void og_tree_sum_rows(double *rows, size_t count, size_t stride, size_t width) {
  if (count && stride == 1 && width == 1) {
    sum_numbers(rows, count);
    return;
  }
  for (size_t half = 1; half < count; half *= 2)
    for (size_t i = 0; i + half < count; i += 2 * half)
      add(rows + i * stride, rows + (i + half) * stride, width);
}

/* The nodes of one level at a time, which are summed where they do no harm; the last one is cut. */
double og_tree_sum_of(const double *values, size_t count, size_t stride) {
  enum { LEVEL = 6, TERMS = 1 << LEVEL };
  double nodes[OG_TREE_SUM_NODES], some[TERMS];
  og_tree_sum sum;
  og_tree_sum_begin(&sum, 1, nodes, 0);
  for (size_t first = 0; first < count; first += TERMS) {
    size_t now = count - first < TERMS ? count - first : TERMS;
    for (size_t i = 0; i < now; i++) some[i] = values[(first + i) * stride];
    *og_tree_sum_term(&sum) = sum_numbers(some, now);
    og_tree_sum_add(&sum, LEVEL);
  }
  const double *total = og_tree_sum_total(&sum);
  return total ? *total : 0;
}
