/* Radau IIA methods: their coefficients, and they as steppers. The nodes are the roots of the derivative of
 * order s - 1 of x^(s-1) (x - 1)^s; all the rest follows from them, here to the last digit. */
#include "step/radau.h"

/* clang-format off */
static const og_radau_tableau tableaus[] = {
  {
    .name = "radau5",
    .description = "Radau IIA, 3 stages, order 5, stiffly accurate, L-stable",
    .source = "Hairer & Wanner, Solving ODEs II, IV.5 and IV.8",
    .order = 5, .stages = 3,
    .gamma = 0.27488882959567734,
    .c = {0.1550510257216822, 0.6449489742783178, 1},
    .inverse = {
      {3.224744871391589, 1.1678400846904056, -0.25319726474218085},
      {-3.5678400846904057, 0.775255128608411, 1.0531972647421808},
      {5.531972647421808, -7.531972647421808, 5},
    },
    .b = {[2] = 1},
    .e = {-2.7623054547485992, 0.3799355982527289, -0.0916296098652258},
    .interpolant = {
      {10.048809399827416, -25.62959144707664, 15.580782047249224},
      {-1.382142733160749, 10.296258113743306, -8.914115380582556},
      {0.3333333333333333, -2.6666666666666665, 3.3333333333333335},
    },
  },
  {
    .name = "radau9",
    .description = "Radau IIA, 5 stages, order 9, stiffly accurate, L-stable",
    .source = "Hairer & Wanner, J. Comput. Appl. Math. 111 (1999), 93-111",
    .order = 9, .stages = 5,
    .gamma = 0.15906584442746913,
    .c = {0.05710419611451768, 0.2768430136381238, 0.5835904323689168, 0.8602401356562195, 1},
    .inverse = {
      {8.755923977938362, 2.8919426153801173, -0.8751863962002651, 0.3997052079399655, -0.13370616384921583},
      {-7.161380720145387, 1.8060777240836443, 2.3637971760686085, -0.8659007802831346, 0.2743380777751942},
      {4.122165246243374, -4.4960171258133945, 0.8567652453971776, 2.5183209492110645, -0.6570627571343601},
      {-3.8786632197240105, 3.3931519180649543, -5.188340906407187, 0.5812330525808164, 2.809983655279712},
      {8.41242422359429, -6.970256116656661, 8.777114204150473, -18.2192823110881, 13},
    },
    .b = {[4] = 1},
    .e = {-4.418997716796381, 0.57923485225667, -0.199237560953468, 0.09416748369194548, -0.03181316888549383},
    .interpolant = {
      {27.78093394406464, -208.02785730090133, 524.1878839694918, -543.8283560361325, 199.88739542347736},
      {-3.641478498049213, 77.88337605511782, -264.89491356822634, 317.67586907995275, -127.022853068795},
      {1.2525477211691187, -29.167414317829696, 137.90290440413477, -202.09087094360743, 92.10283313613321},
      {-0.5920031671845428, 14.111895563613205, -72.39587480540027, 123.04335789978718, -64.16737549081559},
      {0.2, -4.8, 25.2, -44.8, 25.2},
    },
  },
};
/* clang-format on */

const og_radau_tableau *og_radau_tableau_of(og_method method) {
  return method == OG_METHOD_RADAU5 ? &tableaus[0] : method == OG_METHOD_RADAU9 ? &tableaus[1] : NULL;
}

og_increment_rows og_radau_rows(const og_radau_tableau *tableau) {
  return (og_increment_rows){.stages = tableau->stages,
                             .degree = tableau->stages,
                             .stride = OG_RADAU_STAGES,
                             .interpolant = tableau->interpolant[0],
                             .b = tableau->b,
                             .e = tableau->e};
}

/* ---- What it makes of x' = mu x: (A^-1 - z) u = z, R = 1 + u_s ---- */

typedef struct equations {
  double complex a[OG_RADAU_STAGES][OG_RADAU_STAGES], right[OG_RADAU_STAGES];
} equations;

static void exchange(equations *e, int s, int k) {
  int pivot = k;
  for (int i = k + 1; i < s; i++)
    if (cabs(e->a[i][k]) > cabs(e->a[pivot][k])) pivot = i;
  for (int j = 0; j < s; j++) {
    double complex kept = e->a[k][j];
    e->a[k][j] = e->a[pivot][j];
    e->a[pivot][j] = kept;
  }
  double complex kept = e->right[k];
  e->right[k] = e->right[pivot];
  e->right[pivot] = kept;
}

static void eliminate(equations *e, int s) {
  for (int k = 0; k < s; k++) {
    exchange(e, s, k);
    for (int i = k + 1; i < s; i++) {
      double complex factor = e->a[i][k] / e->a[k][k];
      for (int j = k; j < s; j++) e->a[i][j] -= factor * e->a[k][j];
      e->right[i] -= factor * e->right[k];
    }
  }
}

static double complex stability(const og_stepper *stepper, double complex z) {
  const og_radau_tableau *tableau = stepper->coefficients;
  int s = tableau->stages;
  equations e;
  for (int i = 0; i < s; i++) {
    for (int j = 0; j < s; j++) e.a[i][j] = tableau->inverse[i][j] - (i == j ? z : 0);
    e.right[i] = z;
  }
  eliminate(&e, s);
  return 1 + e.right[s - 1] / e.a[s - 1][s - 1];
}

/* ---- A, from its inverse: column after column ---- */

void og_radau_collocation(const og_radau_tableau *tableau, double a[OG_RADAU_STAGES][OG_RADAU_STAGES]) {
  int s = tableau->stages;
  for (int column = 0; column < s; column++) {
    equations e;
    for (int i = 0; i < s; i++) {
      for (int j = 0; j < s; j++) e.a[i][j] = tableau->inverse[i][j];
      e.right[i] = i == column;
    }
    eliminate(&e, s);
    for (int i = s - 1; i >= 0; i--) {
      for (int j = i + 1; j < s; j++) e.right[i] -= e.a[i][j] * e.right[j];
      e.right[i] /= e.a[i][i];
    }
    for (int i = 0; i < s; i++) a[i][column] = creal(e.right[i]);
  }
}

/* ---- The system's pattern ---- */

/* Stages are coupled by M. */
static int is_coupled(const og_field *field, int e) {
  return field->mass ? field->mass[e] != 0 : field->pattern->row[e] == field->pattern->column[e];
}

static size_t count_entries(const og_field *field, size_t stages) {
  size_t count = 0;
  for (int e = 0; e < field->pattern->count; e++) count += is_coupled(field, e) ? stages * stages : stages;
  return count;
}

static void set_entries(const og_field *field, int stages, int *row, int *column) {
  size_t at = 0;
  for (int e = 0; e < field->pattern->count; e++)
    for (int i = 0; i < stages; i++)
      for (int j = 0; j < stages; j++) {
        if (i != j && !is_coupled(field, e)) continue;
        row[at] = field->pattern->row[e] * stages + i;
        column[at++] = field->pattern->column[e] * stages + j;
      }
}

static og_status prepare(og_context *context, og_stepper *stepper, const og_field *field) {
  const og_radau_tableau *tableau = stepper->coefficients;
  size_t stages = (size_t)tableau->stages, count = count_entries(field, stages);
  og_pattern *pattern = NULL;
  int *row = og_alloc(context, 2 * count, sizeof *row);
  if (!row) return og_fail_memory(context, 2 * count * sizeof *row, "the equations of a step");
  set_entries(field, tableau->stages, row, row + count);
  og_status status =
      og_pattern_create(context, (size_t)field->pattern->n * stages, count, row, row + count, &pattern);
  if (status == OG_OK)
    status = og_elimination_create(context, pattern, OG_ELIMINATION_AUTO, &stepper->system);
  og_pattern_destroy(pattern);
  og_free(context, row);
  return status;
}

og_stepper og_radau_stepper(const og_radau_tableau *tableau) {
  return (og_stepper){.name = tableau->name,
                      .order = tableau->order,
                      .errors = 1,
                      .error_power = tableau->stages + 1,
                      .interpolant_degree = tableau->stages,
                      .seeds = tableau->stages,
                      .implicit = 1,
                      .stability = stability,
                      .prepare = prepare,
                      .ops_d = &og_radau_ops_d,
                      .ops_s = &og_radau_ops_s,
                      .coefficients = tableau};
}
