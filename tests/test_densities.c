/* Densities of the model language against 40 digits (oracles/densities.csv, by oracles/densities.py): values,
 * gradients and Hessians over the whole range of arguments; and what is outside of it. */
#include "fitting.h"

/* ---- The family ---- */

enum { ORDER = 10, ROW = 5 + 2 * ORDER, LINE = 4096 };

/* Every operation of a formula rounds by half an epsilon, and so do the functions it calls, by up to four
 * (Stirling's remainder); the longest formula, the negative binomial's, is some twenty of them deep. */
static const double allowed = 16 * 2.220446049250313e-16;

/* Fields of a line of CSV; those with commas stand in quotes. Cuts the line up. */
static int split(char *line, char *field[ROW]) {
  int count = 0;
  for (char *at = line; count < ROW; at++) {
    int quoted = *at == '"';
    field[count++] = at += quoted;
    while (*at && *at != '\n' && (quoted ? *at != '"' : *at != ',')) at++;
    if (quoted && *at) *at++ = '\0';
    if (*at != ',') {
      *at = '\0';
      break;
    }
    *at = '\0';
  }
  return count;
}

typedef struct point {
  const char *density;
  double y, a[3];
  int arguments;
  char *const *cells; /* truth and size, ten of them */
} point;

static void check(const point *p, const char *what, double got, int place) {
  const char *truth = p->cells[2 * place], *size = p->cells[2 * place + 1];
  if (!*truth) return;
  double error = fabs(got - strtod(truth, NULL)), scale = strtod(size, NULL);
  if (!(error <= allowed * scale + 1e-300))
    fail_msg("%s, y = %.17g, a = %.17g, b = %.17g, c = %.17g: %s is %.17g, not %s (%.3g of what is allowed)",
             p->density, p->y, p->a[0], p->a[1], p->a[2], what, got, truth, error / (allowed * scale));
}

static void check_point(const point *p) {
  static const char *const first[] = {"dL/da", "dL/db", "dL/dc"};
  static const int place[3][3] = {{4, 5, 6}, {5, 7, 8}, {6, 8, 9}};
  char model[400], csv[100];
  double loss, gradient[3], hessian[9];
  snprintf(model, sizeof model, "param a = 0.5%s%s\ninit x = 0\nx' = 0\nobserve y ~ %s\ntime 0 : 1\n",
           p->arguments > 1 ? ", b = 0.5" : "", p->arguments > 2 ? ", c = 0.5" : "", p->density);
  snprintf(csv, sizeof csv, "t,y\n1,%.17g\n", p->y);
  fixture f = make_fixture(model, csv);
  CHECK(f.context, og_objective_evaluate(f.objective, p->a, &loss, gradient));
  CHECK(f.context, og_objective_hessian(f.objective, p->a, hessian));
  check(p, "L", loss, 0);
  for (int i = 0; i < p->arguments; i++) {
    check(p, first[i], gradient[i], 1 + i);
    for (int j = 0; j < p->arguments; j++)
      check(p, "a second derivative", hessian[i * p->arguments + j], place[i][j]);
  }
  drop_fixture(&f);
}

static void family(void **state) {
  (void)state;
  char line[LINE], *field[ROW];
  FILE *file = fopen("tests/oracles/densities.csv", "r");
  assert_non_null(file);
  assert_non_null(fgets(line, sizeof line, file));
  int points = 0;
  for (; fgets(line, sizeof line, file); points++) {
    assert_int_equal(split(line, field), ROW);
    point p = {.density = field[0], .y = strtod(field[1], NULL), .cells = field + 5};
    while (p.arguments < 3 && *field[2 + p.arguments]) {
      p.a[p.arguments] = strtod(field[2 + p.arguments], NULL);
      p.arguments++;
    }
    check_point(&p);
  }
  fclose(file);
  assert_true(points > 300);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(family)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
