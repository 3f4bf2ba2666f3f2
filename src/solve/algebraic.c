/* The blocks of M one after the other, rows and columns that entries connect, by elimination of each. */
#include "solve/algebraic.h"

#include <string.h>

#include "linear/null_space.h"

/* Pivots below this part of a block's entries, scaled, are what rounding left: entries of M are sums of a few
 * numbers. */
static const double LEAST_PIVOT = 1e-13;

static og_status add(og_context *context, og_vector_entries *list, size_t vector, size_t row, double value) {
  if (value == 0) return OG_OK;
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 16;
    og_vector_entry *at = og_alloc(context, room, sizeof *at);
    if (!at) return OG_ERR_MEMORY;
    if (list->count) memcpy(at, list->at, list->count * sizeof *at);
    og_free(context, list->at);
    list->at = at;
    list->room = room;
  }
  list->at[list->count++] = (og_vector_entry){vector, row, value};
  return OG_OK;
}

/* ---- Blocks ---- */

/* Rows are nodes 0 .. n - 1, columns n .. 2 n - 1. */
typedef struct blocks {
  og_algebraic *algebraic;
  const og_field *field;
  size_t n, directions;
  size_t *root, *next;    /* [2 n]: a tree of nodes that are connected, and a ring of them */
  size_t *first, *entry;  /* entries of M row by row: [n + 1] */
  size_t *rows, *columns; /* [n]: of the present block */
  size_t *place;          /* [n]: of a column in it */
} blocks;

static size_t root_of(const blocks *b, size_t node) {
  while (b->root[node] != node) node = b->root[node] = b->root[b->root[node]];
  return node;
}

static void join(blocks *b, size_t one, size_t other) {
  size_t a = root_of(b, one), c = root_of(b, other), next = b->next[a];
  if (a == c) return;
  b->next[a] = b->next[c];
  b->next[c] = next;
  b->root[c] = a;
}

static void sort_entries(blocks *b) {
  const og_mass_entries *m = &b->field->given_mass;
  for (size_t k = 0; k < m->count; k++) b->first[m->row[k] + 1]++;
  for (size_t i = 0; i < b->n; i++) b->first[i + 1] += b->first[i];
  for (size_t k = m->count; k-- > 0;) b->entry[--b->first[m->row[k] + 1]] = k;
  for (size_t i = 0; i < b->n; i++) b->first[i] = b->first[i + 1];
  b->first[b->n] = m->count;
}

static void connect(blocks *b) {
  const og_mass_entries *m = &b->field->given_mass;
  for (size_t i = 0; i < 2 * b->n; i++) b->root[i] = b->next[i] = i;
  for (size_t k = 0; k < m->count; k++)
    if (m->value[k] != 0) join(b, (size_t)m->row[k], b->n + (size_t)m->column[k]);
  sort_entries(b);
}

/* Of the block's dependent rows and columns, and the inverse of the others. */
static og_status add_block(blocks *b, const og_null_space *s) {
  og_algebraic *a = b->algebraic;
  for (size_t i = s->rank; i < s->rows; i++, a->count++) {
    OG_TRY(add(a->context, &a->equations, a->count, b->rows[s->row[i]], 1));
    for (size_t k = 0; k < s->rank; k++)
      OG_TRY(add(a->context, &a->equations, a->count, b->rows[s->row[k]],
                 -s->left[(i - s->rank) * s->rank + k]));
  }
  for (size_t j = s->rank; j < s->columns; j++, b->directions++) {
    OG_TRY(add(a->context, &a->directions, b->directions, b->columns[s->column[j]], 1));
    for (size_t k = 0; k < s->rank; k++)
      OG_TRY(add(a->context, &a->directions, b->directions, b->columns[s->column[k]],
                 -s->right[(j - s->rank) * s->rank + k]));
  }
  for (size_t k = 0; k < s->rank; k++)
    for (size_t l = 0; l < s->rank; l++)
      OG_TRY(add(a->context, &a->inverse, b->columns[s->column[k]], b->rows[s->row[l]],
                 s->inverse[k * s->rank + l]));
  return OG_OK;
}

static og_status eliminate(blocks *b, size_t rows, size_t columns, double *dense) {
  const og_mass_entries *m = &b->field->given_mass;
  og_null_space space;
  for (size_t j = 0; j < columns; j++) b->place[b->columns[j]] = j;
  for (size_t i = 0; i < rows; i++)
    for (size_t e = b->first[b->rows[i]]; e < b->first[b->rows[i] + 1]; e++) {
      size_t k = b->entry[e];
      if (m->value[k] != 0) dense[i * columns + b->place[m->column[k]]] = m->value[k];
    }
  OG_TRY(og_null_space_create(b->algebraic->context, rows, columns, dense, LEAST_PIVOT, &space));
  og_status status = add_block(b, &space);
  og_null_space_free(&space);
  return status;
}

/* The block that a node is the root of. */
static og_status take_block(blocks *b, size_t root) {
  size_t rows = 0, columns = 0, node = root;
  do {
    if (node < b->n)
      b->rows[rows++] = node;
    else
      b->columns[columns++] = node - b->n;
    node = b->next[node];
  } while (node != root);
  double *dense = og_alloc(b->algebraic->context, rows * columns + 1, sizeof *dense);
  if (!dense) return OG_ERR_MEMORY;
  og_status status = eliminate(b, rows, columns, dense);
  og_free(b->algebraic->context, dense);
  return status;
}

/* A running cost's row has a derivative of its own, and is in no entry of M. */
static og_status find_vectors(og_algebraic *a, const og_field *field) {
  size_t n = og_field_states(field), count = field->given_mass.count;
  size_t *memory = og_alloc(a->context, 8 * n + count + 2, sizeof *memory);
  if (!memory) return OG_ERR_MEMORY;
  blocks b = {.algebraic = a, .field = field, .n = n, .root = memory};
  b.next = b.root + 2 * n;
  b.rows = b.next + 2 * n;
  b.columns = b.rows + n;
  b.place = b.columns + n;
  b.first = b.place + n;
  b.entry = b.first + n + 1;
  connect(&b);
  og_status status = OG_OK;
  for (size_t node = 0; node < 2 * n && status == OG_OK; node++)
    if (root_of(&b, node) == node) status = take_block(&b, node);
  for (size_t i = n; i < field->n && status == OG_OK; i++) status = add(a->context, &a->inverse, i, i, 1);
  og_free(a->context, memory);
  return status;
}

/* ---- The block of algebraic equations ---- */

/* Entries of vectors row by row: those of row i are list[first[i]] .. list[first[i + 1] - 1]. */
static void by_row(const og_vector_entries *entries, size_t n, size_t *first, size_t *list) {
  memset(first, 0, (n + 1) * sizeof *first);
  for (size_t k = 0; k < entries->count; k++) first[entries->at[k].row]++;
  for (size_t i = 0, sum = 0; i <= n; i++) {
    sum += first[i];
    first[i] = sum;
  }
  for (size_t k = entries->count; k-- > 0;) list[--first[entries->at[k].row]] = k;
}

typedef struct row_index {
  size_t *first, *list;
} row_index;

static size_t each_term(const og_algebraic *a, const og_pattern *pattern, const row_index *rows,
                        const row_index *columns, og_block_term *terms) {
  size_t count = 0;
  for (int e = 0; e < pattern->count; e++) {
    size_t i = (size_t)pattern->row[e], j = (size_t)pattern->column[e];
    for (size_t k = rows->first[i]; k < rows->first[i + 1]; k++)
      for (size_t l = columns->first[j]; l < columns->first[j + 1]; l++, count++) {
        const og_vector_entry *w = &a->equations.at[rows->list[k]], *v = &a->directions.at[columns->list[l]];
        if (terms)
          terms[count] = (og_block_term){(size_t)e, w->vector * a->count + v->vector, w->value * v->value};
      }
  }
  return count;
}

static og_status find_terms(og_algebraic *a, const og_field *field) {
  size_t n = field->n, all = a->equations.count + a->directions.count;
  size_t *memory = og_alloc(a->context, 2 * (n + 1) + all + 1, sizeof *memory);
  if (!memory) return OG_ERR_MEMORY;
  row_index rows = {memory, memory + 2 * (n + 1)}, columns = {memory + n + 1, rows.list + a->equations.count};
  by_row(&a->equations, n, rows.first, rows.list);
  by_row(&a->directions, n, columns.first, columns.list);
  a->term_count = each_term(a, field->pattern, &rows, &columns, NULL);
  a->terms = og_alloc(a->context, a->term_count + 1, sizeof *a->terms);
  if (a->terms) each_term(a, field->pattern, &rows, &columns, a->terms);
  og_free(a->context, memory);
  return a->terms ? OG_OK : OG_ERR_MEMORY;
}

static og_status make_elimination(og_algebraic *a) {
  og_pattern *pattern = NULL;
  OG_TRY(og_pattern_create_dense(a->context, a->count, &pattern));
  og_status status = og_elimination_create(a->context, pattern, OG_ELIMINATION_DENSE, &a->elimination);
  og_pattern_destroy(pattern);
  return status;
}

og_status og_algebraic_create(og_context *context, const og_field *field, og_algebraic **out) {
  *out = NULL;
  if (!field->mass) return OG_OK;
  og_algebraic *a = og_alloc(context, 1, sizeof *a);
  if (!a) return og_fail_memory(context, sizeof *a, "the algebraic equations");
  a->context = context;
  og_status status = find_vectors(a, field);
  if (status == OG_OK && a->count) status = find_terms(a, field);
  if (status == OG_ERR_MEMORY) og_fail_memory(context, field->n * sizeof(double), "the algebraic equations");
  if (status == OG_OK && a->count) status = make_elimination(a);
  if (status == OG_OK) {
    *out = a;
    return OG_OK;
  }
  og_algebraic_destroy(a);
  return status;
}

void og_algebraic_destroy(og_algebraic *algebraic) {
  if (!algebraic) return;
  void *owned[] = {algebraic->equations.at, algebraic->directions.at, algebraic->inverse.at,
                   algebraic->terms};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(algebraic->context, owned[i]);
  og_elimination_destroy(algebraic->elimination);
  og_free(algebraic->context, algebraic);
}
