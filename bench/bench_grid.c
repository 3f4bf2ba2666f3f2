/* Gradients of a reaction with diffusion on 64 x 64 points (8192 states): odegrad by factors and by GMRES,
 * beside CVODES' adjoint with KLU. One gradient at each of a few tolerances: its error, its time, its steps.
 * The error is |g - g*| / |g*|, Euclidean, of dL/dx0 and p dL/dp apart (their sizes differ); g* is kvaerno5's
 * at 1e-10 by GMRES, and how far rodas5p's at 1e-9, by factors, is off it is printed. bench_grid [SIDE] [T1]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid_peer.h"
#include "measure.h"
#include "odegrad.h"

typedef struct own {
  og_context *context;
  og_field *field;
  double *z, *bar;
} own;

typedef struct outcome {
  double error[2], seconds;
  long steps[2];
  char note[100];
} outcome;

static void must(const own *o, og_status status) {
  if (status == OG_OK) return;
  fprintf(stderr, "%s\n", og_context_message(o->context));
  exit(1);
}

static void open_own(own *o, grid *g) {
  must(o, og_context_create(NULL, NULL, NULL, &o->context));
  must(o, og_field_create(o->context, (size_t)g->n, GRID_PARAMETERS, grid_rhs, g, &o->field));
  must(o, og_field_set_vjp(o->field, grid_vjp));
  must(o, og_field_set_jvp(o->field, grid_jvp));
  must(o, og_field_set_hessian(o->field, grid_hessian, NULL));
  must(o, og_field_set_jacobian(o->field, grid_jacobian, g->count, g->row, g->column));
  must(o, og_field_set_autonomous(o->field, 1));
  o->z = calloc((size_t)g->n, sizeof(double)), o->bar = calloc((size_t)g->n, sizeof(double));
}

static void close_own(own *o) {
  og_field_destroy(o->field);
  og_context_destroy(o->context);
  free(o->z), free(o->bar);
}

static double gradient_of(own *o, const grid *g, double t1, const char *method, const char *solver,
                          double tolerance, double *gradient, outcome *out) {
  og_options *options;
  og_solve *solve;
  must(o, og_options_create(o->context, &options));
  must(o, og_options_set_text(options, "method", method));
  must(o, og_options_set_text(options, "linear-solver", solver));
  must(o, og_options_set_text(options, "gradient-control", "none"));
  must(o, og_options_set_real(options, OG_OPT_RTOL, tolerance));
  must(o, og_options_set_real(options, OG_OPT_ATOL, tolerance));
  must(o, og_options_set_integer(options, OG_OPT_THREADS, 1));
  double start = cpu_seconds();
  must(o, og_solve_create(o->context, o->field, options, 1, &solve));
  grid_initial(g, o->z);
  must(o, og_solve_set_initial_state(solve, 0, o->z));
  must(o, og_solve_set_parameters(solve, 0, grid_theta));
  must(o, og_solve_set_span(solve, 0, 0, t1));
  must(o, og_solve_run(solve));
  must(o, og_solve_final(solve, 0, o->z));
  grid_psi(g, o->z, o->bar);
  memset(gradient, 0, ((size_t)g->n + GRID_PARAMETERS) * sizeof *gradient);
  must(o, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = o->bar,
                                                         .x0_bar = gradient, .theta_bar = gradient + g->n}));
  double seconds = cpu_seconds() - start;
  for (int j = 0; j < GRID_PARAMETERS; j++) gradient[g->n + j] *= grid_theta[j];
  if (out) {
    out->steps[0] = out->steps[1] = (long)og_solve_stat(solve, OG_STAT_STEPS);
    snprintf(out->note, sizeof out->note, "%s, %zu factorisations, %zu solves, %zu products",
             og_solve_linear_solver(solve) ? og_solve_linear_solver(solve) : "explicit",
             og_solve_stat(solve, OG_STAT_FACTORISATIONS), og_solve_stat(solve, OG_STAT_LINEAR_SOLVES),
             og_solve_stat(solve, OG_STAT_KRYLOV_ITERATIONS));
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  return seconds;
}

static double distance(const double *a, const double *b, int first, int end) {
  double off = 0, all = 0;
  for (int i = first; i < end; i++) off += (a[i] - b[i]) * (a[i] - b[i]), all += b[i] * b[i];
  return sqrt(off / all);
}

static void compare(const grid *g, const double *gradient, const double *truth, outcome *o) {
  o->error[0] = distance(gradient, truth, 0, g->n);
  o->error[1] = distance(gradient, truth, g->n, g->n + GRID_PARAMETERS);
}

static void print(const char *who, double tolerance, const outcome *o) {
  printf("%-24s %9.0e %10.1e %10.1e %9.2f %6ld %6ld  %s\n", who, tolerance, o->error[0], o->error[1],
         o->seconds, o->steps[0], o->steps[1], o->note);
  fflush(stdout);
}

int main(int count, char **words) {
  static const char *const players[][2] = {{"rodas5p", "auto"}, {"kvaerno5", "gmres"}, {"esdirk54", "gmres"}};
  grid g;
  own o = {0};
  int side = count > 1 ? atoi(words[1]) : 64;
  double t1 = count > 2 ? atof(words[2]) : 1;
  if (grid_create(side, &g)) return 1;
  open_own(&o, &g);
  size_t size = (size_t)g.n + GRID_PARAMETERS;
  double *truth = calloc(size, sizeof *truth), *gradient = calloc(size, sizeof *gradient);
  printf("A reaction with diffusion on %d x %d points, %d states, one core\n", side, side, g.n);
  print_machine();
  printf("peer       %s\n", grid_peer_version() ? grid_peer_version() : "not built: odegrad alone");
  gradient_of(&o, &g, t1, "kvaerno5", "gmres", 1e-10, truth, NULL);
  gradient_of(&o, &g, t1, "rodas5p", "sparse", 1e-9, gradient, NULL);
  printf("references differ by %.1e and %.1e\n\n%-24s %9s %10s %10s %9s %6s %6s\n",
         distance(gradient, truth, 0, g.n), distance(gradient, truth, g.n, (int)size), "contestant",
         "tolerance", "error x0", "error p", "seconds", "steps", "back");
  for (int k = 0; k < 3; k++)
    for (double tolerance = 1e-4; tolerance > 3e-8; tolerance /= 10) {
      char who[40];
      outcome result = {0};
      snprintf(who, sizeof who, "%s, %s", players[k][0], players[k][1]);
      result.seconds = gradient_of(&o, &g, t1, players[k][0], players[k][1], tolerance, gradient, &result);
      compare(&g, gradient, truth, &result);
      print(who, tolerance, &result);
    }
  for (double tolerance = 1e-4; grid_peer_version() && tolerance > 3e-10; tolerance /= 10) {
    outcome result = {0};
    double start = cpu_seconds();
    grid_peer *peer = grid_peer_create(&g, t1, tolerance);
    if (peer && grid_peer_gradient(peer, gradient, result.steps) == 0) {
      result.seconds = cpu_seconds() - start;
      compare(&g, gradient, truth, &result);
      print("CVODES adjoint, KLU", tolerance, &result);
    }
    grid_peer_destroy(peer);
  }
  close_own(&o);
  grid_destroy(&g);
  free(truth), free(gradient);
  return 0;
}
